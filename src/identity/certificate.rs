//! The identity of a client certificate.
//!
//! The handshake has verified the certificate against the authority. Its names identify the caller: the URIs (such as a
//! SPIFFE ID) before the DNS names, each in the certificate's order; the first one in the configuration counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::caller::Identity;
use super::scope::ScopeSet;

/// The configured callers, by the names in their certificates.
#[derive(Clone, Debug, Default)]
pub struct Callers(BTreeMap<String, ScopeSet>);

/// The outcome for the verified certificate of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certified {
    /// One of its names is configured.
    As(Arc<Identity>),
    /// None of its names is configured.
    Unknown,
}

impl Callers {
    /// The callers of a configuration: their scopes by URI or DNS name.
    #[must_use]
    pub fn new(configured: &BTreeMap<String, ScopeSet>) -> Self {
        let callers = configured.iter();
        Self(
            callers
                .map(|(name, scopes)| (normalize(name), *scopes))
                .collect(),
        )
    }

    /// Identifies the caller of a verified certificate, in DER.
    #[must_use]
    pub fn identify(&self, certificate: &[u8]) -> Certified {
        let names = names(certificate).unwrap_or_default();
        let known = names
            .into_iter()
            .find_map(|name| self.0.get(&name).map(|scopes| (name.clone(), *scopes)));
        known.map_or(Certified::Unknown, |(name, scopes)| {
            Certified::As(Arc::new(Identity::from_certificate(name, scopes)))
        })
    }
}

/// A name as it is compared: case does not matter in DNS, but does in a URI's path.
fn normalize(name: &str) -> String {
    if name.contains("://") {
        name.to_owned()
    } else {
        name.to_ascii_lowercase()
    }
}

/// The URIs of a certificate, then its DNS names; `None` when it cannot be parsed or has none.
fn names(certificate: &[u8]) -> Option<Vec<String>> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let (_, names) = certificate
        .tbs_certificate()
        .get_extension::<SubjectAltName>()
        .ok()??;
    let uris = names.0.iter().filter_map(|name| match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str().to_owned()),
        _ => None,
    });
    let hosts = names.0.iter().filter_map(|name| match name {
        GeneralName::DnsName(host) => Some(host.as_str().to_ascii_lowercase()),
        _ => None,
    });
    Some(uris.chain(hosts).collect())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;
    use crate::identity::{ActorType, Scope};

    fn certificate(names: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let key = KeyPair::generate().expect("a key");
        params
            .self_signed(&key)
            .expect("a certificate")
            .der()
            .to_vec()
    }

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().expect("ASCII"))
    }

    fn dns(text: &str) -> SanType {
        SanType::DnsName(text.try_into().expect("ASCII"))
    }

    fn callers() -> Callers {
        Callers::new(&BTreeMap::from([
            (
                "spiffe://plan.example/Tar".to_owned(),
                ScopeSet::parse("second-opinion.submit"),
            ),
            (
                "RAF.example".to_owned(),
                ScopeSet::parse("second-opinion.read second-opinion.review"),
            ),
        ]))
    }

    #[test]
    fn first_configured_name_identifies_a_service() {
        let tar = "spiffe://plan.example/Tar";
        for (names, subject, scope) in [
            (vec![uri(tar)], tar, Scope::Submit),
            (vec![dns("raf.EXAMPLE")], "raf.example", Scope::Review),
            (vec![dns("raf.example"), uri(tar)], tar, Scope::Submit),
            (
                vec![uri("spiffe://other"), dns("raf.example")],
                "raf.example",
                Scope::Read,
            ),
        ] {
            let Certified::As(identity) = callers().identify(&certificate(names)) else {
                panic!("{subject} is unknown");
            };
            assert_eq!(
                (identity.subject.as_str(), identity.issuer.as_ref()),
                (subject, None)
            );
            assert_eq!(identity.actor_type, ActorType::Service);
            assert!(identity.has(scope));
        }
    }

    #[test]
    fn unconfigured_names_identify_no_caller() {
        for names in [
            vec![],
            vec![uri("spiffe://plan.example/tar")],
            vec![dns("tar"), dns("x.raf.example")],
        ] {
            assert_eq!(callers().identify(&certificate(names)), Certified::Unknown);
        }
        assert_eq!(callers().identify(b"not a certificate"), Certified::Unknown);
    }
}
