//! The HTML report in a real browser.

mod browser;
mod timeline;

use std::fs;

use closewait::client;
use closewait::client::reference::{Defect, with_defect};
use closewait::gate::{GateVerdict, Rules, compare, decide};
use closewait::report::document::{self, Document};
use closewait::report::html;
use closewait::report::results::Results;
use closewait::scenario::Scenario;
use libtest_mimic::Trial;

use super::played::{catalogue, reference, selected, selected_with};
use super::support::folder;
use browser::Page;

/// The trials. Without Chromium those that need it are ignored, and said to be; in CI they fail.
pub fn trials() -> Vec<Trial> {
    let skip = !browser::installed() && std::env::var_os("CI").is_none();
    let trial = |name: &str, test: fn()| {
        let run = move || {
            test();
            Ok(())
        };
        Trial::test(format!("html::{name}"), run)
    };
    let in_browser = |name: &str, test: fn()| trial(name, test).with_ignored_flag(skip);
    vec![
        trial("the_catalogue_is_small", the_catalogue_is_small),
        in_browser("cells_open_by_keyboard", cells_open_by_keyboard),
        in_browser("two_cells_lie_side_by_side", two_cells_lie_side_by_side),
        in_browser("two_results_lie_side_by_side", two_results_lie_side_by_side),
        in_browser("what_changed_opens_before_and_after", what_changed_opens_before_and_after),
        in_browser("filters_hide_rows", filters_hide_rows),
        in_browser("links_open_cells", links_open_cells),
        in_browser("a_phone_shows_all_of_it", a_phone_shows_all_of_it),
        in_browser("dark_and_light_differ", dark_and_light_differ),
        in_browser("foreign_text_stays_text", foreign_text_stays_text),
        in_browser("every_cell_of_the_catalogue_opens", every_cell_of_the_catalogue_opens),
        in_browser("a_strip_is_walked_along", timeline::a_timeline_is_walked_along),
        in_browser("strips_stand_below_the_grid", timeline::timelines_stand_below_the_grid),
        in_browser("foreign_text_in_a_strip_stays_text", timeline::foreign_text_in_a_timeline_stays_text),
    ]
}

const VIOLATED: &str = "idle-limit/keep-alive-timeout-advertised";

fn played(patterns: &[&str]) -> Document {
    document(&selected(&scenarios(patterns), client::built_in()))
}

fn scenarios(patterns: &[&str]) -> Vec<&'static Scenario> {
    let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
    catalogue().select(&patterns).expect("the patterns match")
}

fn document(results: &Results<'_>) -> Document {
    document::of_results(results, document::About::default())
}

/// The page in a browser. When `test` is done the page must have said nothing and asked for nothing.
fn check(name: &str, documents: &[(&str, &Document)], test: impl FnOnce(&Page)) {
    check_compared(name, documents, None, test);
}

fn check_compared(
    name: &str,
    documents: &[(&str, &Document)],
    verdict: Option<&GateVerdict>,
    test: impl FnOnce(&Page),
) {
    let folder = folder("html", name);
    let file = folder.join("report.html");
    fs::write(&file, html::render(documents, verdict).expect("it is data")).expect("the folder is there");
    let page = Page::open(&file, &folder.join("profile"));
    page.wait_for("document.body.dataset.ready === 'true'");
    page.resize(1400, 900);
    test(&page);
    fs::write(folder.join("screen.png.base64"), page.screenshot()).expect("the folder is there");
    assert_eq!(page.heard(), Vec::<String>::new());
}

fn text(page: &Page, selector: &str) -> String {
    let value = page.eval(&format!("document.querySelector({selector:?})?.textContent ?? 'nothing there'"));
    value.as_str().expect("it is text").to_owned()
}

fn count(page: &Page, selector: &str) -> u64 {
    page.eval(&format!("document.querySelectorAll({selector:?}).length")).as_u64().expect("it is a number")
}

fn focused(page: &Page) -> String {
    let value =
        page.eval("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent");
    value.as_str().expect("it is text").to_owned()
}

fn the_catalogue_is_small() {
    let page = html::render(&[("", &played(&[]))], None).expect("it is data");
    assert!(page.len() < 3 << 20, "{} bytes", page.len());
}

fn cells_open_by_keyboard() {
    check("keyboard", &[("", &played(&["idle-limit/*"]))], |page| {
        page.eval("document.querySelector('.grid button[tabindex=\"0\"]').focus()");
        let first = focused(page);
        page.press("ArrowRight");
        page.press("ArrowDown");
        page.press("ArrowUp");
        page.press("ArrowLeft");
        assert_eq!(focused(page), first, "round and back");
        page.press("Enter");
        assert_eq!(count(page, ".cell"), 1);
        assert!(focused(page).contains('·'), "the heading of the cell has the focus: {}", focused(page));
        page.press("Escape");
        assert_eq!(count(page, ".cell"), 0);
        assert_eq!(focused(page), first, "the focus is where it was");
        page.press("/");
        assert_eq!(focused(page), "Filter by words of the scenario");
    });
}

/// Opens a cell as a click does.
fn open(page: &Page, scenario: &str, column: usize) {
    page.eval(&format!(
        "document.querySelectorAll('.grid tr[data-words^={scenario:?}] button')[{column}].click()"
    ));
}

fn two_cells_lie_side_by_side() {
    let document = played(&[VIOLATED]);
    check("compare", &[("", &document)], |page| {
        open(page, VIOLATED, 0);
        assert_violation_is_told(page);
        page.eval("[...document.querySelectorAll('.cell button')].find(b => b.textContent.startsWith('Compare')).click()");
        open(page, VIOLATED, document.clients.len() - 1);
        assert_eq!(count(page, ".cell"), 2);
        assert!(text(page, ".cell:last-child").contains("reference"));
        assert_eq!(count(page, ".ladder svg"), 2);
    });
}

fn assert_violation_is_told(page: &Page) {
    let cell = text(page, ".cell");
    for words in ["no-stale-reuse", "stale-reuse:", "closewait run", "--client hyper-util", "Who had it"] {
        assert!(cell.contains(words), "`{words}` is not in: {cell}");
    }
    assert!(count(page, ".findings .proof") > 0, "the proof is shown");
    assert!(count(page, ".ladder svg .wire") > 4, "the diagram has its arrows");
    assert!(count(page, ".ladder svg g.stale") > 0, "the stale request is marked");
    assert!(count(page, ".ladder svg .band") > 0, "the stale span is shaded");
    assert!(count(page, ".ladder svg .fold") > 0, "idle time is folded");
    assert_eq!(page.eval("document.querySelector('.ladder svg').getBoundingClientRect().height > 100"), true);
}

fn two_results_lie_side_by_side() {
    let (before, after) = (played(&[VIOLATED]), played(&[VIOLATED]));
    check("before-and-after", &[("before", &before), ("after", &after)], |page| {
        let heads = text(page, ".grid thead");
        for words in ["hyper-util before", "hyper-util after"] {
            assert!(heads.contains(words), "{heads}");
        }
        assert_eq!(count(page, ".grid button"), 2 * before.clients.len() as u64);
    });
}

/// The reference client before and after a bug was planted into it.
fn what_changed_opens_before_and_after() {
    let violated = scenarios(&[VIOLATED]);
    let before = document(&selected(&violated, &[reference()]));
    let after = document(&selected_with(&violated, &[with_defect(Defect::IgnoresKeepAliveTimeout)]));
    let verdict = decide(compare(&before.facts(), &after.facts()), &Rules::default(), true);
    check_compared("changed", &[("before", &before), ("after", &after)], Some(&verdict), |page| {
        assert_eq!(text(page, "#changed h2"), "What changed: 1 regressed");
        assert_eq!(count(page, "#changed .regressed"), 1);
        let headline = text(page, "#changed .headline");
        for words in ["no-stale-reuse", "b was written on connection 1", "Keep-Alive timeout"] {
            assert!(headline.contains(words), "{headline}");
        }
        page.eval("document.querySelector('#changed button').focus()");
        page.press("Enter");
        assert_eq!(count(page, ".cell"), 2, "before and after");
        assert_eq!(count(page, ".ladder svg"), 2);
        assert!(text(page, ".cell h2").contains("before"));
        page.press("Escape");
        page.press("Escape");
        assert_eq!(focused(page), VIOLATED, "the focus is back at the sentence");
        page.resize(390, 844);
        assert_eq!(page.eval("document.documentElement.scrollWidth <= window.innerWidth"), true);
    });
    let quiet = decide(compare(&before.facts(), &before.facts()), &Rules::default(), true);
    let page = html::render(&[("before", &before), ("after", &before)], Some(&quiet)).expect("it is data");
    assert!(page.contains("What changed: 1 same") && !page.contains("class=\"headline\""), "an empty diff");
}

fn filters_hide_rows() {
    check("filters", &[("", &played(&["idle-limit/*"]))], |page| {
        let all = count(page, ".grid tr[data-words]:not([hidden])");
        page.press("/");
        for key in "advertised".chars() {
            page.press(&key.to_string());
        }
        let some = count(page, ".grid tr[data-words]:not([hidden])");
        assert!(some >= 1 && some < all, "{some} of {all}");
        page.eval("document.querySelectorAll('.filter input[type=checkbox]').forEach(box => box.click())");
        assert_eq!(count(page, ".grid tr[data-words]:not([hidden])"), 0);
    });
}

fn links_open_cells() {
    check("links", &[("", &played(&[VIOLATED]))], |page| {
        open(page, VIOLATED, 1);
        page.wait_for("location.hash.length > 1");
        let link = page.eval("location.hash");
        page.press("Escape");
        page.wait_for("location.hash === ''");
        page.eval(&format!("location.hash = {link}"));
        page.wait_for("document.querySelectorAll('.cell').length === 1");
        assert!(text(page, ".cell h2").contains("reqwest"));
    });
}

fn a_phone_shows_all_of_it() {
    check("phone", &[("", &played(&["idle-limit/*"]))], |page| {
        page.resize(390, 844);
        let fits = "document.documentElement.scrollWidth <= window.innerWidth";
        assert_eq!(page.eval(fits), true, "the grid");
        open(page, VIOLATED, 0);
        assert_eq!(page.eval(fits), true, "a cell");
        assert_eq!(page.eval("getComputedStyle(document.querySelector('.grid')).display"), "none");
    });
}

fn dark_and_light_differ() {
    check("dark", &[("", &played(&[VIOLATED]))], |page| {
        let colours = |scheme: &str| {
            page.colour_scheme(scheme);
            open(page, VIOLATED, 0);
            page.eval("getComputedStyle(document.body).backgroundColor + getComputedStyle(document.querySelector('.ladder text')).fill")
        };
        let (light, dark) = (colours("light"), colours("dark"));
        assert_ne!(light, dark);
    });
}

fn foreign_text_stays_text() {
    let nasty = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&lt;!--<style>*{display:none}</style>\u{202e}";
    let mut document = played(&[VIOLATED]);
    for scenario in &mut document.scenarios {
        scenario.title = nasty.to_owned();
        scenario.about = nasty.to_owned();
        scenario.sources = vec!["javascript:alert(3)".to_owned(), format!("https://example.test/\"{nasty}")];
    }
    for cell in &mut document.results {
        for run in cell.run.iter_mut().chain(&mut cell.control) {
            run.transcript.iter_mut().for_each(|line| line.text = nasty.to_owned());
            let ladder = run.ladder.iter_mut();
            ladder.for_each(|ladder| ladder.notes.iter_mut().for_each(|note| note.label = nasty.to_owned()));
        }
    }
    document.clients[0].version = nasty.to_owned();
    check("foreign", &[(nasty, &document), ("b", &document)], |page| {
        open(page, VIOLATED, 0);
        assert_eq!(count(page, "img, style ~ style, a[href^='javascript']"), 0);
        assert_eq!(count(page, "script"), 2);
        assert!(text(page, ".cell").contains(nasty));
    });
}

fn every_cell_of_the_catalogue_opens() {
    check("catalogue", &[("", &played(&[]))], |page| {
        let failed = page.eval(
            "[...document.querySelectorAll('.grid button')].filter(button => { button.click(); \
             const played = document.querySelector('.cell .findings'); \
             return !(played ? document.querySelector('.cell .ladder svg .host') : document.querySelector('.cell')); \
             }).map(button => button.getAttribute('aria-label'))",
        );
        assert_eq!(failed, serde_json::json!([]));
        assert!(count(page, ".grid button") > 400);
    });
}
