//! The certificate that the API server presents: one TLS handshake, after which nothing is asked on that connection.
//!
//! In: where the API server is and how it is trusted, from the connection. Out: a [`Probe`] with what the certificate
//! says and which protocol was agreed on. The server is verified as for every other request.

use std::{sync::Arc, time::Duration};

use kube::{Config, client::ConfigExt};
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{certificate::Certificate, now};
use crate::snapshot::{Completeness, Probe};

/// Name of the probe.
const NAME: &str = "api-certificate";

/// Where to shake hands.
pub(super) struct Handshake {
    /// `host:port`, as it may be written down.
    address: String,
    way: Result<Way, &'static str>,
    timeout: Duration,
}

struct Way {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Handshake {
    pub(super) fn new(config: &Config, timeout: Duration) -> Self {
        let host = config.cluster_url.host().unwrap_or_default();
        let tls = config.cluster_url.scheme_str() != Some("http");
        let port = config.cluster_url.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Self { address: format!("{host}:{port}"), way: Way::new(config, host), timeout }
    }

    /// Asks for the certificate.
    pub(super) async fn certificate(&self) -> Probe {
        let asked = match &self.way {
            Err(why) => Err((*why).to_owned()),
            Ok(way) => match timeout(self.timeout, way.shake(&self.address)).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no handshake within {} s", self.timeout.as_secs())),
            },
        };
        let (completeness, body) = match asked {
            Ok(body) => (Completeness::Complete, body),
            Err(why) => (Completeness::Failed(why), Value::Null),
        };
        Probe::new(NAME, format!("TLS handshake with {}", self.address), completeness, now(), &body)
    }
}

impl Way {
    fn new(config: &Config, host: &str) -> Result<Self, &'static str> {
        if config.cluster_url.scheme_str() == Some("http") {
            return Err("the API server is reached without TLS");
        }
        if config.proxy_url.is_some() {
            return Err("the API server is reached through a proxy, where no handshake of its own is made");
        }
        let name = config.tls_server_name.clone().unwrap_or_else(|| host.trim_matches(['[', ']']).to_owned());
        let name = ServerName::try_from(name).map_err(|_| "the name of the API server is none that TLS knows")?;
        let config = config.rustls_client_config().map_err(|_| "the kubeconfig gives no usable TLS settings")?;
        Ok(Self { config: Arc::new(config), name })
    }

    async fn shake(&self, address: &str) -> Result<Value, String> {
        let mut stream = TcpStream::connect(address).await.map_err(|error| format!("no connection: {error}"))?;
        let mut tls = ClientConnection::new(self.config.clone(), self.name.clone()).map_err(|it| it.to_string())?;
        let broken = |error: std::io::Error| format!("the handshake broke off: {error}");
        let mut buffer = vec![0; 1 << 14];
        while tls.is_handshaking() {
            let mut out = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut out).map_err(broken)?;
            }
            stream.write_all(&out).await.map_err(broken)?;
            if tls.is_handshaking() && tls.wants_read() {
                let read = stream.read(&mut buffer).await.map_err(broken)?;
                if read == 0 {
                    return Err("the server ended the handshake".to_owned());
                }
                let mut rest = &buffer[..read];
                while !rest.is_empty() {
                    tls.read_tls(&mut rest).map_err(broken)?;
                    tls.process_new_packets().map_err(|error| format!("the handshake failed: {error}"))?;
                }
            }
        }
        let chain = tls.peer_certificates().unwrap_or_default();
        let first = chain.first().and_then(|der| Certificate::read(der));
        let certificate = first.ok_or("the certificate of the API server cannot be read")?;
        let mut body = serde_json::to_value(&certificate).map_err(|error| error.to_string())?;
        body["protocol"] = match tls.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => json!("TLS 1.2"),
            Some(rustls::ProtocolVersion::TLSv1_3) => json!("TLS 1.3"),
            _ => Value::Null,
        };
        body["cipher-suite"] =
            tls.negotiated_cipher_suite().and_then(|it| it.suite().as_str()).map_or(Value::Null, |it| json!(it));
        Ok(body)
    }
}
