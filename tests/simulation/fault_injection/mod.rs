//! Faults that a test injects around the service, one at a time, to prove that the simulation would notice such a bug.
//!
//! The product knows nothing of them. A fault is a wrapper around a port (the store, the clock), a policy with a wrong
//! parameter, or a switch of the model database.

mod clock;
mod policy;
mod store;

use std::sync::Arc;

use second_opinion::rpc::Calls;
use second_opinion::store::Store;
use second_opinion::sweeper::Sweeper;

use self::clock::LateClock;
pub use self::policy::PolicyFault;
use self::store::FaultyStore;
pub use self::store::StoreFault;
use crate::model::DatabaseFault;
use crate::service;

/// A fault that lasts for a whole run, on every replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFault {
    Store(StoreFault),
    Database(DatabaseFault),
    Policy(PolicyFault),
    /// The sweeper's clock is a day late.
    LateSweeperClock,
}

impl InjectedFault {
    /// The fault of the model database, if it is one of these.
    pub const fn of_database(self) -> Option<DatabaseFault> {
        match self {
            Self::Database(fault) => Some(fault),
            Self::Store(_) | Self::Policy(_) | Self::LateSweeperClock => None,
        }
    }

    /// The store as the service sees it.
    pub fn wrap_store(self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        match self {
            Self::Store(fault) => Arc::new(FaultyStore { store, fault }),
            Self::Database(_) | Self::Policy(_) | Self::LateSweeperClock => store,
        }
    }

    /// Changes the policy, where that is the fault.
    pub fn change_policy(self, calls: &mut Calls) {
        match self {
            Self::Policy(fault) => calls.policy = fault.policy(),
            Self::Store(_) | Self::Database(_) | Self::LateSweeperClock => {}
        }
    }

    /// The sweeper beside the calls.
    pub fn sweeper(self, calls: &mut Calls) -> Sweeper {
        match self {
            Self::LateSweeperClock => {
                let right = Arc::clone(&calls.clock);
                calls.clock = Arc::new(LateClock(Arc::clone(&right)));
                let sweeper = service::sweeper(calls);
                calls.clock = right;
                sweeper
            }
            Self::Store(_) | Self::Database(_) | Self::Policy(_) => service::sweeper(calls),
        }
    }
}
