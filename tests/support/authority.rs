//! A certificate authority for the tests' servers and callers.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType, date_time_ymd,
};
use second_opinion::config::Tls;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::certificate::pem;

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// The authority's own certificate.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", self.0.as_ref().der())
    }

    /// A certificate for the loopback names, valid until a year, and its key, both PEM.
    pub fn server(&self, year: i32) -> (String, String) {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.not_after = date_time_ymd(year, 1, 1);
        self.sign(&params)
    }

    /// Writes such a certificate and its key to a folder; client certificates are accepted from `client_ca`.
    pub fn write_server(&self, folder: &Path, year: i32, client_ca: Option<&Self>) -> Tls {
        let files = Tls {
            cert: folder.join("server.pem"),
            key: folder.join("server.key"),
            client_ca: client_ca.map(|_| folder.join("callers.pem")),
        };
        let (cert, key) = self.server(year);
        std::fs::write(&files.cert, cert).expect("a file");
        std::fs::write(&files.key, key).expect("a file");
        if let (Some(authority), Some(path)) = (client_ca, &files.client_ca) {
            std::fs::write(path, authority.pem()).expect("a file");
        }
        files
    }

    /// A client certificate with these names, and its key.
    pub fn caller(&self, names: Vec<SanType>) -> Identity {
        let mut params = params("caller");
        params.subject_alt_names = names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let (cert, key) = self.sign(&params);
        Identity::from_pem(cert, key)
    }

    /// The client settings that trust this authority.
    pub fn trusted(&self) -> ClientTlsConfig {
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(self.pem()))
    }

    fn sign(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.0).expect("a certificate");
        (
            pem("CERTIFICATE", signed.der()),
            pem("PRIVATE KEY", &key.serialize_der()),
        )
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

pub fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().expect("ASCII"))
}

pub fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().expect("ASCII"))
}
