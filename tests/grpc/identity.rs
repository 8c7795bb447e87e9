//! Authentication and scopes: the error of each refused call, and nothing in the store.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use second_opinion::clock::Clock as _;
use second_opinion::identity::{ActorType, DevelopmentIdentity};
use second_opinion::wire::v1;
use serde_json::{Value, json};
use tonic::Code;

use crate::support::messages::{available, denial, get, second_opinion, submission};
use crate::support::server::{Client, EVERY_SCOPE, TestServer};
use crate::support::status::code_and_reason;

/// The claims of a valid token, after a change.
fn claims(server: &TestServer, change: impl FnOnce(&mut Value)) -> Value {
    let now = server.clock.now().timestamp();
    let mut claims = json!({
        "iss": "second-opinion-development", "aud": "second-opinion", "sub": "referrals",
        "scope": EVERY_SCOPE, "actor_type": "person", "iat": now, "exp": now + 600,
    });
    change(&mut claims);
    claims
}

/// A token signed with the server's own development key.
fn signed(server: &TestServer, claims: &Value) -> String {
    let pem = std::fs::read(server.folder().join("development-key.pem")).expect("a key");
    let mut header = Header::new(Algorithm::ES256);
    let jwks: Value = serde_json::from_str(server.jwks()).expect("JSON");
    header.kid = Some(jwks["keys"][0]["kid"].as_str().expect("a kid").to_owned());
    let key = EncodingKey::from_ec_pem(&pem).expect("a key");
    jsonwebtoken::encode(&header, claims, &key).expect("a token")
}

fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    format!(
        "{}.{}.",
        part(&json!({"alg": "none", "typ": "JWT"})),
        part(claims)
    )
}

/// HMAC with the public key as its secret: valid for a verifier that takes the algorithm from the token.
fn hmac_over_the_public_key(server: &TestServer, claims: &Value) -> String {
    let jwks: Value = serde_json::from_str(server.jwks()).expect("JSON");
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(jwks["keys"][0]["kid"].as_str().expect("a kid").to_owned());
    jsonwebtoken::encode(
        &header,
        claims,
        &EncodingKey::from_secret(server.jwks().as_bytes()),
    )
    .expect("a token")
}

#[tokio::test]
async fn each_bad_token_has_its_own_reason() {
    let server = TestServer::start().await;
    let other = tempfile::tempdir().expect("a folder");
    let stranger = DevelopmentIdentity::load_or_create(other.path()).expect("a key");
    let now = server.clock.now();
    let good =
        |change: &dyn Fn(&mut Value)| signed(&server, &claims(&server, |claims| change(claims)));
    let mut torn = good(&|_| {});
    let at = torn.len() - 20;
    let flipped = if torn[at..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    torn.replace_range(at..=at, flipped);
    let expired = now.timestamp() - 61;
    let ahead = now.timestamp() + 61;
    let tokens: Vec<(&str, String)> = vec![
        ("TOKEN_MALFORMED", "not a token".to_owned()),
        (
            "TOKEN_EXPIRED",
            good(&move |claims| claims["exp"] = expired.into()),
        ),
        (
            "TOKEN_NOT_YET_VALID",
            good(&move |claims| claims["nbf"] = ahead.into()),
        ),
        (
            "TOKEN_AUDIENCE",
            good(&|claims| claims["aud"] = "another-service".into()),
        ),
        (
            "TOKEN_ISSUER",
            good(&|claims| claims["iss"] = "https://id.example.org".into()),
        ),
        ("TOKEN_ALGORITHM", unsigned(&claims(&server, |_| {}))),
        (
            "TOKEN_ALGORITHM",
            hmac_over_the_public_key(&server, &claims(&server, |_| {})),
        ),
        (
            "TOKEN_KEY_UNKNOWN",
            stranger.token(
                "x",
                EVERY_SCOPE,
                ActorType::Person,
                TimeDelta::hours(1),
                now,
            ),
        ),
        ("TOKEN_SIGNATURE", torn),
    ];
    for (reason, token) in tokens {
        let mut client = server.client_with(Some(&token)).await;
        let status = client
            .submit_second_opinion(submission(second_opinion()))
            .await
            .expect_err(reason);
        assert_eq!(
            code_and_reason(&status),
            (Code::Unauthenticated, reason.to_owned())
        );
        assert!(
            !format!("{status:?}").contains(&token),
            "the token is in the status"
        );
    }
    let mut client = server.client_with(None).await;
    let status = client
        .submit_second_opinion(submission(second_opinion()))
        .await
        .expect_err("none");
    assert_eq!(
        code_and_reason(&status),
        (Code::Unauthenticated, "TOKEN_MISSING".to_owned())
    );
    assert_eq!(
        server.store.head().await.expect("a head").position,
        0,
        "nothing is stored"
    );
    // The same claims in a valid token are accepted.
    let mut client = server.client_with(Some(&good(&|_| {}))).await;
    client
        .submit_second_opinion(submission(second_opinion()))
        .await
        .expect("accepted");
}

/// Submits a case that the network can serve, so that it can be denied; returns its ID.
async fn submit_deniable(reviewer: &mut Client) -> String {
    let request = v1::SecondOpinion {
        network_availability: Some(available()),
        ..second_opinion()
    };
    let case = reviewer
        .submit_second_opinion(submission(request))
        .await
        .expect("an answer")
        .into_inner();
    case.determination
        .expect("a determination")
        .determination_id
}

#[tokio::test]
async fn each_call_needs_its_scope() {
    let server = TestServer::start().await;
    let id = submit_deniable(&mut server.reviewer().await).await;
    let member = v1::ListDeterminationsRequest {
        member_id: "90000001A".to_owned(),
        ..Default::default()
    };
    let scopes = |without: &str| {
        let held: Vec<&str> = EVERY_SCOPE
            .split_whitespace()
            .filter(|scope| *scope != without)
            .collect();
        server.token("reviewer", &held.join(" "), ActorType::Person)
    };
    macro_rules! refused_without {
        ($scope:literal, $method:ident, $request:expr) => {
            let mut client = server.client_with(Some(&scopes($scope))).await;
            let status = client
                .$method($request)
                .await
                .map(|_| ())
                .expect_err(stringify!($method));
            assert_eq!(
                code_and_reason(&status),
                (Code::PermissionDenied, "SCOPE_MISSING".to_owned()),
                stringify!($method)
            );
            assert!(status.message().contains($scope), "{status:?}");
        };
    }
    refused_without!(
        "second-opinion.submit",
        submit_second_opinion,
        submission(second_opinion())
    );
    refused_without!(
        "second-opinion.submit",
        withdraw_second_opinion,
        v1::WithdrawSecondOpinionRequest::default()
    );
    refused_without!(
        "second-opinion.submit",
        expedite_second_opinion,
        v1::ExpediteSecondOpinionRequest::default()
    );
    refused_without!(
        "second-opinion.read",
        get_determination,
        get(&id, v1::View::Basic)
    );
    refused_without!(
        "second-opinion.read",
        list_determinations,
        v1::ListDeterminationsRequest::default()
    );
    refused_without!(
        "second-opinion.read",
        watch_determinations,
        v1::WatchDeterminationsRequest::default()
    );
    refused_without!(
        "second-opinion.read-phi",
        get_determination,
        get(&id, v1::View::Full)
    );
    refused_without!("second-opinion.read-phi", list_determinations, member);
    refused_without!(
        "second-opinion.read-phi",
        get_notice,
        v1::GetNoticeRequest::default()
    );
    refused_without!(
        "second-opinion.verify",
        record_verification,
        v1::RecordVerificationRequest::default()
    );
    refused_without!(
        "second-opinion.review",
        issue_approval,
        v1::IssueApprovalRequest::default()
    );
    refused_without!("second-opinion.review", issue_denial, denial(&id));
    refused_without!(
        "second-opinion.notify",
        record_notification,
        v1::RecordNotificationRequest::default()
    );
    assert_eq!(
        server.store.head().await.expect("a head").position,
        1,
        "nothing is stored"
    );
}

#[tokio::test]
async fn only_a_person_can_deny() {
    let server = TestServer::start().await;
    let mut reviewer = server.reviewer().await;
    let id = submit_deniable(&mut reviewer).await;
    let no_type = signed(
        &server,
        &claims(&server, |claims| {
            claims.as_object_mut().expect("claims").remove("actor_type");
        }),
    );
    let odd = signed(
        &server,
        &claims(&server, |claims| claims["actor_type"] = "Person".into()),
    );
    for token in [
        server.token("machine", EVERY_SCOPE, ActorType::Service),
        no_type,
        odd,
    ] {
        let mut client = server.client_with(Some(&token)).await;
        let status = client
            .issue_denial(denial(&id))
            .await
            .expect_err("a service");
        assert_eq!(
            code_and_reason(&status),
            (Code::PermissionDenied, "PERSON_REQUIRED".to_owned())
        );
    }
    assert_eq!(
        server.store.head().await.expect("a head").position,
        1,
        "nothing is stored"
    );
    reviewer.issue_denial(denial(&id)).await.expect("a person");
}

#[tokio::test]
async fn policy_needs_an_identity_and_no_scope() {
    let server = TestServer::start().await;
    let policy = server
        .policy()
        .await
        .get_policy(v1::GetPolicyRequest::default())
        .await
        .expect("an answer")
        .into_inner();
    assert_eq!(policy.versions, ["2024-09-11"]);
    let policy = policy.policy.expect("a policy");
    assert!(policy.review_overdue && policy.clauses.len() > 15 && !policy.disclosure.is_empty());
    let unknown = v1::GetPolicyRequest {
        version: "2020-08-12".to_owned(),
    };
    assert_eq!(
        server
            .policy()
            .await
            .get_policy(unknown)
            .await
            .expect_err("not held")
            .code(),
        Code::NotFound
    );
    let bare = crate::support::server::bearer(None);
    let channel = server.channel().await;
    let mut client =
        v1::policy_service_client::PolicyServiceClient::with_interceptor(channel, bare);
    let status = client
        .get_policy(v1::GetPolicyRequest::default())
        .await
        .expect_err("no token");
    assert_eq!(
        code_and_reason(&status),
        (Code::Unauthenticated, "TOKEN_MISSING".to_owned())
    );
}
