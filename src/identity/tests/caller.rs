//! Callers' keys, which no two callers share, and scopes.

use std::collections::BTreeSet;

use crate::identity::{ActorType, Identity, Scope, ScopeSet};

fn caller(issuer: &str, subject: &str) -> Identity {
    Identity {
        issuer: Some(issuer.to_owned()),
        subject: subject.to_owned(),
        actor_type: ActorType::Person,
        scopes: ScopeSet::EMPTY,
    }
}

#[test]
fn bar_in_a_name_cannot_spell_another_callers_key() {
    let parts = [
        "", "a", "b", "a|b", "|", "||", "\\", "a\\", "\\|", "|a", "\\\\|", "b|a\\",
    ];
    let mut keys = BTreeSet::new();
    for first in parts {
        let certificate = Identity::from_certificate(first, ScopeSet::EMPTY);
        assert!(keys.insert(certificate.key()), "{first}");
        for second in parts {
            assert!(keys.insert(caller(first, second).key()), "{first} {second}");
        }
    }
}

#[test]
fn usual_names_are_not_escaped() {
    let key = caller("https://issuer.example/", "auth0:123").key();
    assert_eq!(key, "https://issuer.example/|auth0:123");
    assert_eq!(caller("i", "auth0|1").key(), r"i|auth0\|1");
    let name = "spiffe://plan.example/tar";
    assert_eq!(
        Identity::from_certificate(name, ScopeSet::EMPTY).key(),
        name
    );
}

#[test]
fn certificate_is_always_a_service() {
    let scopes = ScopeSet::EMPTY.with(Scope::Review);
    let identity = Identity::from_certificate("tar.plan.example", scopes);
    assert_eq!(identity.actor_type, ActorType::Service);
    assert!(identity.has(Scope::Review));
}

#[test]
fn scopes_are_whole_words_and_case_matters() {
    let unknown = "second-opinion second-opinion.rea second-opinion.reads SECOND-OPINION.READ \
        other.second-opinion.read second-opinion.read-phix";
    assert!(ScopeSet::parse(unknown).is_empty());
    assert!(ScopeSet::parse("").is_empty());
    let phi = ScopeSet::parse("second-opinion.read-phi");
    assert!(phi.contains(Scope::ReadPhi) && !phi.contains(Scope::Read));
    assert!("second-opinion.admin".parse::<Scope>().is_err());
}

#[test]
fn scopes_are_written_as_they_are_parsed() {
    let all = Scope::ALL.into_iter().collect::<ScopeSet>();
    assert_eq!(ScopeSet::parse(&all.to_string()), all);
    for scope in Scope::ALL {
        assert_eq!(scope.as_str().parse(), Ok(scope));
        let set = ScopeSet::EMPTY.with(scope);
        assert_eq!(set.iter().collect::<Vec<_>>(), [scope]);
    }
    let pair = ScopeSet::parse("second-opinion.read  x second-opinion.submit");
    assert_eq!(
        pair.to_string(),
        "second-opinion.submit second-opinion.read"
    );
}
