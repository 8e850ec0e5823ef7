//! The timelines of a sweep in a real browser.

use closewait::client;
use closewait::explore::sweep::{self, Header, Mark, Plan, Record, Shard, Share, Wanted};
use closewait::explore::workloads;
use closewait::lab::Limits;
use closewait::report::document::{self, Document};

use super::{Page, check, count, played, text};

fn swept() -> Document {
    let keep_alive = workloads().iter().filter(|workload| workload.name == "keep-alive").collect();
    let known = ["hyper-util", "reference"];
    let clients =
        client::built_in().iter().copied().filter(|client| known.contains(&client.name())).collect();
    let faults = ["fin", "stray-200", "lose"].map(str::to_owned).into();
    let wanted = Wanted { workloads: keep_alive, clients, faults, pairs: false };
    let limits = Limits::default();
    let plan = Plan::new(&wanted, &limits);
    let share = Share { budget: None, shard: Shard::WHOLE };
    let mut records = Vec::new();
    sweep::play(&plan, &sweep::choose(plan.len(), share), 2, &limits, |run, judged| {
        records.push(Record::of(&plan, run, judged));
        true
    });
    document::of_sweep(&Header::of(&wanted, &plan, share), &records)
}

/// By keyboard and by mouse, light and dark, on a desk and on a phone.
pub(super) fn a_timeline_is_walked_along() {
    check("strip", &[("", &swept())], |page| {
        assert_eq!(count(page, "#sweep details"), 2);
        // What violates something is open, the rest is not.
        assert_eq!(count(page, "#sweep details[open]"), 1);
        assert!(text(page, "#sweep details[open] summary").contains("hyper-util"));
        assert_eq!(count(page, ".legend li"), Mark::ALL.len() as u64);
        page.eval("document.querySelector('.marks[tabindex=\"0\"]').focus()");
        for key in ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft"] {
            page.press(key);
        }
        let place = text(page, "#place");
        assert!(place.contains("fin/1@") && place.contains("closewait sweep --show keep-alive"), "{place}");
        assert_eq!(page.eval("document.activeElement.getAttribute('aria-label')"), "fin/1");
        let told = page.eval("document.activeElement.getAttribute('aria-valuetext')");
        assert!(place.starts_with(told.as_str().expect("it is text")), "{told} is not {place}");
        click_the_violation(page);
        assert!(text(page, "#place").contains("violation"), "{}", text(page, "#place"));
        page.resize(390, 844);
        assert_eq!(
            page.eval("document.documentElement.scrollWidth <= window.innerWidth"),
            true,
            "on a phone"
        );
        let colour = |scheme: &str| {
            page.colour_scheme(scheme);
            page.eval("getComputedStyle(document.querySelector('.m-violation')).backgroundColor")
        };
        assert_ne!(colour("light"), colour("dark"));
        page.resize(1400, 900);
    });
}

/// In the middle of its sign, as a mouse does.
fn click_the_violation(page: &Page) {
    page.eval(
        "(() => { const sign = document.querySelector('.marks .m-violation'); const box = sign.getBoundingClientRect(); \
         sign.dispatchEvent(new MouseEvent('click', { bubbles: true, clientX: box.left + box.width / 2 })); })()",
    );
}

pub(super) fn timelines_stand_below_the_grid() {
    let results = played(&["idle-limit/*"]);
    check("strip-and-grid", &[("results", &results), ("sweep", &swept())], |page| {
        assert!(count(page, ".grid button") > 0);
        assert!(!text(page, ".grid thead").contains("hyper-util results"), "one result needs no word");
        assert_eq!(count(page, "#sweep details"), 2);
    });
}

pub(super) fn foreign_text_in_a_timeline_stays_text() {
    let nasty = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&lt;!--";
    let mut document = swept();
    for strip in &mut document.timelines {
        for word in [&mut strip.workload, &mut strip.client, &mut strip.version, &mut strip.fault] {
            nasty.clone_into(word);
        }
        strip.points.iter_mut().for_each(|place| nasty.clone_into(place));
        // A file that somebody wrote by hand need not fit together.
        strip.points.truncate(5);
    }
    check("foreign-strip", &[("", &document)], |page| {
        page.eval("document.querySelectorAll('.marks').forEach(marks => marks.click())");
        assert_eq!(count(page, "img"), 0);
        assert_eq!(count(page, "script"), 2);
        assert!(text(page, "#place").contains(nasty));
    });
}
