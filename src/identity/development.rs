//! The development identity: an issuer of its own for a fresh clone, before a real issuer is configured.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use uuid::Uuid;

use super::caller::ActorType;
use super::keys::KeySet;
use super::source::KeySource;
use super::verifier::Verifier;
use crate::store::folder;

/// The `iss` of development tokens.
pub const DEVELOPMENT_ISSUER: &str = "second-opinion-development";
/// The `aud` of development tokens.
pub const DEVELOPMENT_AUDIENCE: &str = "second-opinion";

const FILE_NAME: &str = "development-key.pem";
/// The permission bits of group and others.
const GROUP_AND_OTHERS_MODE: u32 = 0o077;
/// A P-256 key has a few hundred bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// The reason why there is no development identity.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentKeyError {
    /// The file or its folder cannot be read or written.
    #[error("the development key `{}` cannot be read or created: {cause}", path.display())]
    File {
        /// The key's file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// Group or others have a permission on the file.
    #[error(
        "the development key `{}` is open to others (mode {mode:04o}): remove it, or make it 0600 if nobody else has read it",
        path.display()
    )]
    Exposed {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file does not hold a P-256 private key in PKCS#8 PEM.
    #[error("the development key `{}` is not a P-256 private key: remove it to get a new one", path.display())]
    NotAKey {
        /// The key's file.
        path: PathBuf,
    },
    /// The system could not generate a key.
    #[error("no development key could be generated")]
    Generation,
}

/// The issuer of one data folder. Anyone who can read the folder can act as anyone.
pub struct DevelopmentIdentity {
    signing: EncodingKey,
    kid: String,
    jwks: String,
}

impl DevelopmentIdentity {
    /// Loads the key from `development-key.pem` in the folder; creates the folder and the key where they are missing.
    /// Processes that start at the same time get the same key.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or created, holds no P-256 key, or has a permission bit for group or others.
    pub fn load_or_create(dir: &Path) -> Result<Self, DevelopmentKeyError> {
        let path = dir.join(FILE_NAME);
        let in_file = |cause| DevelopmentKeyError::File {
            path: path.clone(),
            cause,
        };
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let pem = generate_key()?;
                create(dir, &path, &pem).map_err(in_file)?;
                File::open(&path).map_err(in_file)?
            }
            other => other.map_err(in_file)?,
        };
        let mode = file.metadata().map_err(in_file)?.mode() & 0o7777;
        if mode & GROUP_AND_OTHERS_MODE != 0 {
            return Err(DevelopmentKeyError::Exposed { path, mode });
        }
        let mut pem = Vec::new();
        file.take(FILE_BYTES_MAX)
            .read_to_end(&mut pem)
            .map_err(in_file)?;
        Self::from_pem(&pem).ok_or(DevelopmentKeyError::NotAKey { path })
    }

    fn from_pem(pem: &[u8]) -> Option<Self> {
        let signing = EncodingKey::from_ec_pem(pem).ok()?;
        let mut key = Jwk::from_encoding_key(&signing, Algorithm::ES256).ok()?;
        let kid = key.thumbprint(ThumbprintHash::SHA256).ok()?;
        key.common.key_id = Some(kid.clone());
        key.common.public_key_use = Some(PublicKeyUse::Signature);
        let jwks = serde_json::to_string(&JwkSet { keys: vec![key] }).ok()?;
        Some(Self { signing, kid, jwks })
    }

    /// Signs a token for the subject with the scopes (space-separated, not checked), valid from `now` for `ttl`, in whole
    /// seconds.
    ///
    /// # Panics
    ///
    /// Never: the key was checked when it was loaded.
    #[must_use]
    pub fn token(
        &self,
        subject: &str,
        scopes: &str,
        actor_type: ActorType,
        ttl: TimeDelta,
        now: DateTime<Utc>,
    ) -> String {
        let issued = now.timestamp();
        let claims = json!({
            "iss": DEVELOPMENT_ISSUER,
            "aud": DEVELOPMENT_AUDIENCE,
            "sub": subject,
            "scope": scopes,
            "actor_type": actor_type.as_str(),
            "iat": issued,
            "exp": issued.saturating_add(ttl.num_seconds()),
        });
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.kid.clone());
        // INVARIANT: `from_pem` derived a P-256 public key from this one, and the claims are plain JSON.
        jsonwebtoken::encode(&header, &claims, &self.signing).expect("a P-256 key signs ES256")
    }

    /// A verifier of this key's tokens and no others.
    ///
    /// # Panics
    ///
    /// Never: the public key is usable.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        // INVARIANT: `from_pem` wrote this document from a P-256 public key.
        let keys = KeySet::parse(self.jwks().as_bytes()).expect("the key set of a P-256 key");
        Verifier::new(
            DEVELOPMENT_ISSUER,
            DEVELOPMENT_AUDIENCE,
            KeySource::fixed(keys),
        )
    }

    /// The public key as a JWKS, for another service that trusts these tokens.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

/// Generates a P-256 key as PKCS#8 in PEM (RFC 7468).
fn generate_key() -> Result<String, DevelopmentKeyError> {
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map_err(|_| DevelopmentKeyError::Generation)?;
    let text = STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(pem)
}

/// Writes the whole file or nothing, and never over an existing one.
fn create(dir: &Path, path: &Path, pem: &str) -> io::Result<()> {
    folder::make_private(dir)?;
    let draft = dir.join(format!(".{FILE_NAME}.{}", Uuid::now_v7()));
    let linked = write_private(&draft, pem).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match linked {
        Ok(()) => removed.and_then(|()| folder::sync(dir)),
        // Another process was first: its key counts.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => removed,
        Err(error) => Err(error),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
