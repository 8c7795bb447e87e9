//! Fault injection: bugs that a test puts around the service, one at a time, to prove that the simulation finds such a bug.
//!
//! The product has no code for them. A fault is a wrapper around a port (the store, the clock), a policy with a wrong
//! parameter, or a switch of the model database.

mod clock;
mod policy;
mod store;

use std::sync::Arc;

use second_opinion::rpc::Calls;
use second_opinion::rules::Policy;
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
    /// The fault of the model database.
    pub fn database(fault: Option<Self>) -> Option<DatabaseFault> {
        match fault {
            Some(Self::Database(fault)) => Some(fault),
            Some(Self::Store(_) | Self::Policy(_) | Self::LateSweeperClock) | None => None,
        }
    }

    /// The store port that the service uses.
    pub fn store(fault: Option<Self>, store: Arc<dyn Store>) -> Arc<dyn Store> {
        match fault {
            Some(Self::Store(fault)) => Arc::new(FaultyStore { store, fault }),
            Some(Self::Database(_) | Self::Policy(_) | Self::LateSweeperClock) | None => store,
        }
    }

    /// The policy that the service applies.
    pub fn policy(fault: Option<Self>) -> Policy {
        match fault {
            Some(Self::Policy(fault)) => fault.policy(),
            Some(Self::Store(_) | Self::Database(_) | Self::LateSweeperClock) | None => {
                Policy::default()
            }
        }
    }

    /// The sweeper that runs beside the calls.
    pub fn sweeper(fault: Option<Self>, calls: &mut Calls) -> Sweeper {
        match fault {
            Some(Self::LateSweeperClock) => {
                let clock = Arc::clone(&calls.clock);
                calls.clock = Arc::new(LateClock(Arc::clone(&clock)));
                let sweeper = service::sweeper(calls);
                calls.clock = clock;
                sweeper
            }
            Some(Self::Store(_) | Self::Database(_) | Self::Policy(_)) | None => {
                service::sweeper(calls)
            }
        }
    }
}
