//! Is every stored case what its events fold to, with its letters?

use uuid::Uuid;

use super::{Problem, Proof};
use crate::{StoreError, Worklist, fold};
use second_opinion_rules::case::{Case, Digest, NoticeReference};

/// As many cases as are held at once.
const A_PAGE: usize = 200;

impl Proof<'_> {
    /// Folds the cases in the worklist's order, then those that it did not show: they moved meanwhile, or are missing.
    pub(super) async fn cases(&mut self) -> Result<(), StoreError> {
        let mut query = Worklist {
            limit: A_PAGE,
            ..Worklist::default()
        };
        loop {
            let page = match self.store.list(&query).await {
                Ok(page) => page,
                // Asked for one by one below, the one that cannot be read is found.
                Err(StoreError::Damaged { .. }) => break,
                Err(error) => return Err(error),
            };
            for case in &page.cases {
                self.listed(case).await?;
            }
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        let unseen: Vec<Uuid> = self
            .chains
            .iter()
            .filter(|(_, chain)| !chain.folded)
            .map(|(id, _)| *id)
            .collect();
        for id in unseen {
            match self.store.case(id).await {
                Ok(Some(case)) => self.listed(&case).await?,
                Ok(None) => self.find_case(id, None, Problem::CaseMissing),
                Err(error) => self.unreadable(id, None, error)?,
            }
        }
        Ok(())
    }

    async fn listed(&mut self, case: &Case) -> Result<(), StoreError> {
        let Some(chain) = self.chains.get_mut(&case.id) else {
            return self.unknown(case).await;
        };
        if std::mem::replace(&mut chain.folded, true) {
            return Ok(());
        }
        let known = (chain.version, chain.wrong);
        self.report.cases += 1;
        self.folded(case, known).await?;
        for reference in &case.current.notices {
            self.notice(case, reference).await?;
        }
        Ok(())
    }

    /// A case of which the log up to the head has no event: either it came later, or its events are gone.
    async fn unknown(&mut self, case: &Case) -> Result<(), StoreError> {
        match self.store.history(case.id).await {
            Ok(records) => {
                let came_later = records
                    .first()
                    .is_some_and(|record| record.position > self.report.head.position);
                if !came_later {
                    self.find_case(case.id, Some(case.version), Problem::EventsMissing);
                }
                Ok(())
            }
            Err(error) => self.unreadable(case.id, Some(case.version), error),
        }
    }

    async fn folded(&mut self, case: &Case, known: (u32, bool)) -> Result<(), StoreError> {
        let (version, wrong) = known;
        if case.version < version {
            self.find_case(case.id, Some(case.version), Problem::Fold("version"));
            return Ok(());
        }
        let records = match self.store.history(case.id).await {
            Ok(records) => records,
            Err(error) => return self.unreadable(case.id, Some(case.version), error),
        };
        if wrong {
            return Ok(());
        }
        // The case may have moved on between the two reads.
        let upto = usize::try_from(case.version).unwrap_or(usize::MAX);
        let records = &records[..records.len().min(upto)];
        match fold(case.id, records) {
            Ok(folded) => {
                if let Some(what) = difference(case, &folded) {
                    self.find_case(case.id, Some(case.version), Problem::Fold(what));
                }
                Ok(())
            }
            Err(error) => self.unreadable(case.id, Some(case.version), error),
        }
    }

    async fn notice(&mut self, case: &Case, named: &NoticeReference) -> Result<(), StoreError> {
        let id = named.notice_id;
        let problem = match self.store.notice(id).await {
            Ok(None) => Some(Problem::NoticeMissing(id)),
            Ok(Some(stored)) => {
                let same = stored.determination_id == case.id
                    && stored.reference == *named
                    && Digest::of(&stored.bytes) == named.sha256;
                (!same).then_some(Problem::Notice(id))
            }
            Err(StoreError::Damaged { .. }) => Some(Problem::Notice(id)),
            Err(error) => return Err(error),
        };
        self.report.notices += 1;
        if let Some(problem) = problem {
            self.find_case(case.id, Some(case.version), problem);
        }
        Ok(())
    }
}

/// In what a stored case differs from what its events fold to.
fn difference(stored: &Case, folded: &Case) -> Option<&'static str> {
    let (file, proved) = (&stored.current, &folded.current);
    let by_caller = stored.command_head == folded.command_head;
    [
        ("version", stored.version == folded.version),
        ("last digest", stored.head == folded.head),
        ("last digest by a caller", by_caller),
        (
            "instant of creation",
            stored.created_at == folded.created_at,
        ),
        ("instant of change", stored.updated_at == folded.updated_at),
        ("state", file.state == proved.state),
        ("clocks", file.clocks == proved.clocks),
        ("decision", file.decision == proved.decision),
        ("letters", file.notices == proved.notices),
        ("file", file == proved),
    ]
    .into_iter()
    .find_map(|(what, same)| (!same).then_some(what))
}
