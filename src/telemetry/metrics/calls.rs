//! The duration of calls by method and code, under OpenTelemetry's names.

use std::fmt;
use std::sync::OnceLock;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::Histogram;
use tonic::Code;

use crate::wire::status::code_name;

/// Every method of this server as `service/method`; the last one stands for all unknown ones.
pub const METHODS: [&str; 18] = [
    "um.secondopinion.v1.SecondOpinionService/SubmitSecondOpinion",
    "um.secondopinion.v1.SecondOpinionService/GetDetermination",
    "um.secondopinion.v1.SecondOpinionService/ListDeterminations",
    "um.secondopinion.v1.SecondOpinionService/RecordVerification",
    "um.secondopinion.v1.SecondOpinionService/ExpediteSecondOpinion",
    "um.secondopinion.v1.SecondOpinionService/WithdrawSecondOpinion",
    "um.secondopinion.v1.SecondOpinionService/IssueApproval",
    "um.secondopinion.v1.SecondOpinionService/IssueDenial",
    "um.secondopinion.v1.SecondOpinionService/RecordNotification",
    "um.secondopinion.v1.SecondOpinionService/GetNotice",
    "um.secondopinion.v1.SecondOpinionService/WatchDeterminations",
    "um.secondopinion.v1.PolicyService/GetPolicy",
    "um.secondopinion.v1.PolicyService/EvaluateSecondOpinion",
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/Watch",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    OTHER,
];
/// OpenTelemetry's name for an unknown method: a name that a caller makes up must not become a label.
const OTHER: &str = "_OTHER";
const CODES: usize = 17;

/// Bucket bounds of a call's duration in seconds: a read takes a tenth of a millisecond, a commit some, a deadline 30 s.
const DURATION_BUCKETS_SECONDS: [f64; 15] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// A method of this server, or any unknown one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method(usize);

impl Method {
    /// The method of a request's path.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let name = path.strip_prefix('/').unwrap_or_default();
        let known = METHODS[..METHODS.len() - 1]
            .iter()
            .position(|method| *method == name);
        Self(known.unwrap_or(METHODS.len() - 1))
    }

    /// The method's full name: one of [`METHODS`].
    #[must_use]
    pub fn name(self) -> &'static str {
        METHODS[self.0]
    }

    /// The service and the method's own name. An unknown method has no service.
    #[must_use]
    pub fn parts(self) -> (Option<&'static str>, &'static str) {
        match self.name().split_once('/') {
            Some((service, method)) => (Some(service), method),
            None => (None, self.name()),
        }
    }
}

/// Histograms of duration by method and code. A combination is shown once it has occurred, a method's success always.
pub(super) struct CallDurations(Vec<OnceLock<Histogram>>);

impl Default for CallDurations {
    fn default() -> Self {
        let calls = Self(
            (0..METHODS.len() * CODES)
                .map(|_| OnceLock::new())
                .collect(),
        );
        for method in 0..METHODS.len() - 1 {
            // Shown from the start, so that `rate` sees the first call as an increase.
            calls.histogram(Method(method), Code::Ok);
        }
        calls
    }
}

impl fmt::Debug for CallDurations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallDurations").finish_non_exhaustive()
    }
}

impl CallDurations {
    pub(super) fn histogram(&self, method: Method, code: Code) -> Option<&Histogram> {
        let code = usize::try_from(i32::from(code)).unwrap_or(usize::MAX);
        // INVARIANT: there is a place for each method and each of gRPC's codes, which end at 16.
        let place = self.0.get(method.0 * CODES + code)?;
        Some(place.get_or_init(|| Histogram::new(DURATION_BUCKETS_SECONDS)))
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut encoder = encoder.encode_descriptor(
            "rpc_server_call_duration_seconds",
            "Duration of calls",
            None,
            MetricType::Histogram,
        )?;
        for (place, histogram) in self.0.iter().enumerate() {
            let Some(histogram) = histogram.get() else {
                continue;
            };
            let code = i32::try_from(place % CODES).unwrap_or_default();
            let labels = [
                ("rpc_system", "grpc"),
                ("rpc_method", METHODS[place / CODES]),
                ("rpc_response_status_code", code_name(Code::from(code))),
            ];
            histogram.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost_reflect::DescriptorPool;

    use super::*;

    #[test]
    fn every_rpc_of_the_contract_is_listed() {
        let pool = DescriptorPool::decode(crate::wire::DESCRIPTOR).expect("a contract");
        let ours: BTreeSet<String> = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|method| format!("{}/{}", method.parent_service().full_name(), method.name()))
            .collect();
        let known = METHODS.iter().filter(|name| name.starts_with("um."));
        assert_eq!(
            known
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>(),
            ours
        );
        for name in METHODS {
            assert_eq!(Method::of(&format!("/{name}")).name(), name);
        }
        for path in [
            "",
            "/",
            "um.secondopinion.v1.PolicyService/GetPolicy",
            "/canary/Canary",
        ] {
            assert_eq!(Method::of(path).name(), OTHER);
        }
    }

    #[test]
    fn every_code_has_a_histogram() {
        let calls = CallDurations::default();
        for code in 0..17 {
            assert!(
                calls
                    .histogram(Method::of("/x"), Code::from(code))
                    .is_some()
            );
        }
    }
}
