//! Links between pages and files.

use libtest_mimic::Failed;

use super::pages::{Page, pages, root};

/// Every link without a scheme leads to a file or folder of the repository.
pub(super) fn lead_to_files() -> Result<(), Failed> {
    let mut dead = Vec::new();
    for page in pages()? {
        let folder = root().join(&page.name);
        let folder = folder.parent().expect("a page is in a folder");
        let broken = targets(&page).filter(|target| !folder.join(target).exists());
        dead.extend(broken.map(|target| format!("{}: {target}", page.name)));
    }
    if dead.is_empty() { Ok(()) } else { Err(format!("links lead nowhere:\n{}", dead.join("\n")).into()) }
}

fn targets(page: &Page) -> impl Iterator<Item = &str> {
    let links = page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = links.filter(|link| !link.contains("://") && !link.starts_with('#'));
    local.map(|link| link.split('#').next().unwrap_or(link))
}
