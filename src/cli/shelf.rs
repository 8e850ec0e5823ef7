//! Where findings are saved, and what is there already.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use closewait::explore::random::{self, Exploration, Explored, Sighting, Suspicion};
use closewait::explore::shrink::{Found, Known, SaveError};
use closewait::report::explored;

/// The scenarios that show what is known, and the folder that new ones are written to.
pub struct Shelf<'a> {
    /// What scenarios show already.
    pub known: Known,
    /// The folder of the scenarios.
    pub folder: &'a Path,
    /// Whether anything is to be saved.
    pub saves: bool,
    /// What this command has saved: the client, the id, and the file.
    pub saved: BTreeMap<(&'static str, String), PathBuf>,
    /// The first that could not be saved: the report comes first.
    pub unsaved: Option<SaveError>,
}

impl Default for Shelf<'_> {
    fn default() -> Self {
        let (known, folder) = (Known::default(), Path::new("scenarios"));
        Self { known, folder, saves: false, saved: BTreeMap::new(), unsaved: None }
    }
}

impl Shelf<'_> {
    /// Saves what is behind suspicions that are new since the last call, while an exploration goes on.
    pub fn save_new(
        &mut self,
        exploration: &Exploration,
        explored: &Explored,
        suspected: &mut BTreeSet<Suspicion>,
    ) {
        if !self.saves || self.unsaved.is_some() {
            return;
        }
        let is_new = |(suspicion, _): &(&Suspicion, _)| !suspected.contains(suspicion);
        let new = explored.suspects.iter().filter(is_new);
        let suspects: BTreeMap<_, _> =
            new.map(|(suspicion, suspect)| (suspicion.clone(), *suspect)).collect();
        suspected.extend(suspects.keys().cloned());
        for sighting in random::findings(exploration, &Explored { suspects, ..Explored::default() }).sightings
        {
            if let Ok(Some(path)) = self.save(&sighting.found) {
                anstream::eprintln!("saved as {}", path.display());
            }
        }
    }

    /// A finding with the scenario that shows it already, or with the file that it was saved to.
    pub fn row(&mut self, sighting: Sighting) -> explored::Row {
        let shown_by = self.known.scenario_of(&sighting.found).map(str::to_owned);
        let of_client = |id: &String| self.saved.get(&(sighting.found.client, id.clone())).cloned();
        let saved_before = shown_by.as_ref().and_then(of_client);
        let known = shown_by.filter(|_| saved_before.is_none());
        let mut row = explored::Row { sighting, known, saved: saved_before, unsaved: None };
        if self.saves && row.saved.is_none() {
            match self.save(&row.sighting.found) {
                Ok(saved) => row.saved = saved,
                Err(problem) => row.unsaved = Some(problem),
            }
        }
        row
    }

    /// The file, if there is no scenario of it yet.
    fn save(&mut self, found: &Found) -> Result<Option<PathBuf>, String> {
        match self.known.save(found, self.folder) {
            Ok(saved) => {
                let id = self.known.scenario_of(found).map(|id| (found.client, id.to_owned()));
                self.saved.extend(id.zip(saved.clone()));
                Ok(saved)
            }
            Err(problem) => {
                let words = problem.to_string();
                self.unsaved.get_or_insert(problem);
                Err(words)
            }
        }
    }
}
