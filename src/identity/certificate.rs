//! Who is behind a client certificate, and what may it do?
//!
//! The certificate was verified against the authority in the handshake. Its names say who it is: the URIs (a SPIFFE id is
//! one) before the DNS names, each in the certificate's order, and the first that the configuration knows counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::{Identity, ScopeSet};

/// The callers that the configuration knows by the names in their certificates.
#[derive(Clone, Debug, Default)]
pub struct Callers(BTreeMap<String, ScopeSet>);

/// What a connection's certificate says of its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certified {
    /// The configuration knows one of its names.
    As(Arc<Identity>),
    /// It is good, and no one by its names may call.
    Unknown,
}

impl Callers {
    /// The callers of a configuration: space-separated scopes by URI or DNS name.
    #[must_use]
    pub fn new(configured: &BTreeMap<String, String>) -> Self {
        let callers = configured
            .iter()
            .map(|(name, scopes)| (spelled(name), ScopeSet::parse(scopes)));
        Self(callers.collect())
    }

    /// Who a verified certificate, in DER, is.
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

/// A name as it is compared: case does not matter in DNS, and does in a URI's path.
fn spelled(name: &str) -> String {
    if name.contains("://") {
        name.to_owned()
    } else {
        name.to_ascii_lowercase()
    }
}

/// The URIs of a certificate, then its DNS names; `None`: it cannot be read, or has none.
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
                "second-opinion.submit".to_owned(),
            ),
            (
                "RAF.example".to_owned(),
                "second-opinion.read second-opinion.review".to_owned(),
            ),
        ]))
    }

    #[test]
    fn a_certificate_is_the_first_of_its_names_that_is_known_and_always_a_service() {
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
                panic!("{subject} is not known");
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
    fn names_that_are_not_known_are_no_one_s() {
        for names in [
            vec![],
            vec![uri("spiffe://plan.example/tar")],
            vec![dns("tar"), dns("x.raf.example")],
        ] {
            assert_eq!(callers().identify(&certificate(names)), Certified::Unknown);
        }
        assert_eq!(callers().identify(b"no certificate"), Certified::Unknown);
    }
}
