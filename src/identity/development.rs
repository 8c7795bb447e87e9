//! How does a fresh clone sign and verify tokens before anyone has set up an issuer?

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{ActorType, KeySet, KeySource, Verifier};
use crate::store::folder;

/// The `iss` of development tokens.
pub const DEVELOPMENT_ISSUER: &str = "second-opinion-development";
/// The `aud` of development tokens.
pub const DEVELOPMENT_AUDIENCE: &str = "second-opinion";

const FILE_NAME: &str = "development-key.pem";
const GROUP_AND_OTHERS: u32 = 0o077;
/// A P-256 key has a few hundred bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// Why there is no development identity.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentKeyError {
    /// The file or its folder cannot be read or written.
    #[error("the development key `{}` cannot be read or made: {cause}", path.display())]
    File {
        /// The key's file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Others than its owner have rights to the file.
    #[error(
        "the development key `{}` is open to others (mode {mode:04o}): remove it, or make it 0600 if nobody has read it",
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
    /// The system could not make a key.
    #[error("no development key could be made")]
    Generation,
}

/// An issuer of its own, for one data folder: whoever can read the folder can be anyone.
pub struct DevelopmentIdentity {
    signing: EncodingKey,
    kid: String,
    jwks: String,
}

impl DevelopmentIdentity {
    /// Takes the key from `development-key.pem` in the folder, or makes one, and the folder, if
    /// there is none. Processes that start together end up with the same key.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or made, holds no P-256 key, or has a permission bit for group
    /// or others.
    pub fn load_or_create(dir: &Path) -> Result<Self, DevelopmentKeyError> {
        let path = dir.join(FILE_NAME);
        let in_file = |cause| DevelopmentKeyError::File {
            path: path.clone(),
            cause,
        };
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let pem = new_key()?;
                create(dir, &path, &pem).map_err(in_file)?;
                File::open(&path).map_err(in_file)?
            }
            other => other.map_err(in_file)?,
        };
        let mode = file.metadata().map_err(in_file)?.mode() & 0o7777;
        if mode & GROUP_AND_OTHERS != 0 {
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
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, signing.as_bytes()).ok()?;
        // SEC 1 section 2.3.3: 4, then both coordinates.
        let point = pair.public_key().as_ref();
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(point));
        let jwks = json!({"keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        }]});
        Some(Self {
            signing,
            kid,
            jwks: jwks.to_string(),
        })
    }

    /// A token for the subject with the scopes (space-separated, not checked), good from `now` for
    /// `ttl`, to whole seconds.
    ///
    /// # Panics
    ///
    /// Never: the key was tried when it was loaded.
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
        let mut header = Header::new(jsonwebtoken::Algorithm::ES256);
        header.kid = Some(self.kid.clone());
        // INVARIANT: `from_pem` made a P-256 key pair of these bytes, and the claims are plain JSON.
        jsonwebtoken::encode(&header, &claims, &self.signing).expect("a P-256 key signs ES256")
    }

    /// A verifier of this key's tokens and no others.
    ///
    /// # Panics
    ///
    /// Never: the key's public part is a usable key.
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

    /// The public key as a JWKS, for another service that is to trust these tokens.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

/// A new P-256 key as PKCS#8 in PEM (RFC 7468).
fn new_key() -> Result<String, DevelopmentKeyError> {
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

/// Writes the file whole or not at all, and never over one that is there.
fn create(dir: &Path, path: &Path, pem: &str) -> io::Result<()> {
    folder::make_private(dir)?;
    let draft = dir.join(format!(".{FILE_NAME}.{}", Uuid::now_v7()));
    let linked = write_private(&draft, pem).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match linked {
        Ok(()) => removed.and_then(|()| folder::sync(dir)),
        // Another process was first: its key is the key.
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
