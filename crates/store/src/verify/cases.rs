//! Verification of the cases: each is what its events fold to, with its letters.

use uuid::Uuid;

use super::{Problem, Verification};
use crate::{StoreError, Worklist, fold};
use second_opinion_rules::case::{Case, Digest, NoticeReference};

/// The number of cases that are held at once.
const PAGE_CASES: usize = 200;

impl Verification<'_> {
    /// Verifies the cases in the worklist's order, then those that it did not list: they moved meanwhile, or are missing.
    pub(super) async fn cases(&mut self) -> Result<(), StoreError> {
        let mut query = Worklist {
            limit: PAGE_CASES,
            ..Worklist::default()
        };
        loop {
            let page = match self.store.list(&query).await {
                Ok(page) => page,
                // The case that cannot be read is found below, where each is read by itself.
                Err(StoreError::Damaged { .. }) => break,
                Err(error) => return Err(error),
            };
            for case in &page.cases {
                self.case(case).await?;
            }
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        let chains = self.chains.iter();
        let unlisted: Vec<Uuid> = chains
            .filter(|(_, chain)| !chain.folded)
            .map(|(id, _)| *id)
            .collect();
        for id in unlisted {
            let case = self.store.case(id).await;
            match self.readable(None, case)? {
                Some(Some(case)) => self.case(&case).await?,
                Some(None) => self.find_case(id, None, Problem::CaseMissing),
                None => {}
            }
        }
        Ok(())
    }

    async fn case(&mut self, case: &Case) -> Result<(), StoreError> {
        let Some(chain) = self.chains.get_mut(&case.id) else {
            return self.case_without_events(case).await;
        };
        if std::mem::replace(&mut chain.folded, true) {
            return Ok(());
        }
        let (version, damaged) = (chain.version, chain.damaged);
        self.report.cases += 1;
        if case.version < version {
            self.find_case(case.id, Some(case.version), Problem::Fold("version"));
        } else {
            self.compare_with_history(case, damaged).await?;
        }
        for reference in &case.current.notices {
            self.notice(case, reference).await?;
        }
        Ok(())
    }

    /// A case of which the log up to the head has no event: it is a later one, or its events are gone.
    async fn case_without_events(&mut self, case: &Case) -> Result<(), StoreError> {
        let history = self.store.history(case.id).await;
        if let Some(records) = self.readable(Some(case.version), history)? {
            let head = self.report.head.position;
            let first = records.first();
            if first.is_none_or(|record| record.position <= head) {
                self.find_case(case.id, Some(case.version), Problem::EventsMissing);
            }
        }
        Ok(())
    }

    async fn compare_with_history(&mut self, case: &Case, damaged: bool) -> Result<(), StoreError> {
        let version = Some(case.version);
        let history = self.store.history(case.id).await;
        let Some(mut records) = self.readable(version, history)?.filter(|_| !damaged) else {
            return Ok(());
        };
        // The case may have moved on between the two reads.
        records.truncate(usize::try_from(case.version).unwrap_or(usize::MAX));
        let folded = fold(case.id, &records);
        if let Some(folded) = self.readable(version, folded)?
            && let Some(what) = difference(case, &folded)
        {
            self.find_case(case.id, version, Problem::Fold(what));
        }
        Ok(())
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

/// A part in which a stored case differs from what its events fold to.
fn difference(stored: &Case, folded: &Case) -> Option<&'static str> {
    let (file, folded_file) = (&stored.current, &folded.current);
    [
        ("version", stored.version == folded.version),
        ("last digest", stored.head == folded.head),
        (
            "last digest by a caller",
            stored.command_head == folded.command_head,
        ),
        (
            "instant of creation",
            stored.created_at == folded.created_at,
        ),
        ("instant of change", stored.updated_at == folded.updated_at),
        ("state", file.state == folded_file.state),
        ("clocks", file.clocks == folded_file.clocks),
        ("decision", file.decision == folded_file.decision),
        ("letters", file.notices == folded_file.notices),
        ("file", file == folded_file),
    ]
    .into_iter()
    .find_map(|(part, same)| (!same).then_some(part))
}
