//! From a kubeconfig context, or the service account of the Pod we run in, to a connection.

use std::{path::PathBuf, time::Duration};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use super::{Error, handshake::Handshake, proxy, request::Api};

/// How to reach a cluster.
#[derive(Debug, Clone)]
pub struct Access {
    /// kubeconfig file; else `KUBECONFIG`, else `~/.kube/config`, else the service account of the Pod.
    pub kubeconfig: Option<PathBuf>,
    /// Context; else the current one.
    pub context: Option<String>,
    /// User to impersonate.
    pub as_user: Option<String>,
    /// Groups to impersonate.
    pub as_groups: Vec<String>,
    /// Longest silence of the server that is waited for.
    pub timeout: Duration,
}

impl Default for Access {
    fn default() -> Self {
        Self { kubeconfig: None, context: None, as_user: None, as_groups: Vec::new(), timeout: Duration::from_secs(30) }
    }
}

/// A connection to one API server.
pub struct Connection {
    pub(super) api: Api,
    pub(super) handshake: Handshake,
    /// kubeconfig context; `None` in a Pod.
    pub context: Option<String>,
    /// URL of the API server, without credentials.
    pub server: String,
    /// The kubeconfig says not to verify the server's certificate: anybody could have given the evidence.
    pub unverified: bool,
}

/// Names of the contexts in the kubeconfig, and the current one.
///
/// # Errors
/// When there is no kubeconfig or it cannot be read.
pub fn contexts(kubeconfig: Option<&PathBuf>) -> Result<(Vec<String>, Option<String>), Error> {
    let kubeconfig = read(kubeconfig)?;
    let names = kubeconfig.contexts.into_iter().map(|context| context.name).collect();
    Ok((names, kubeconfig.current_context))
}

fn read(path: Option<&PathBuf>) -> Result<Kubeconfig, Error> {
    match path {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    }
    .map_err(|error| kubeconfig_error(&error))
}

/// Messages about the kubeconfig never quote it: it holds credentials.
fn kubeconfig_error(error: &KubeconfigError) -> Error {
    let reason = match error {
        KubeconfigError::ReadConfig(source, path) => match source.kind() {
            std::io::ErrorKind::NotFound => format!("there is no kubeconfig {}", path.display()),
            _ => format!("cannot read the kubeconfig {}: {source}", path.display()),
        },
        KubeconfigError::Parse(_) => "the kubeconfig is not valid YAML or lacks what a kubeconfig needs".to_owned(),
        KubeconfigError::CurrentContextNotSet => "the kubeconfig has no current context".to_owned(),
        KubeconfigError::ParseProxyUrl(_) => "the proxy URL of the kubeconfig or HTTPS_PROXY is not a URL".to_owned(),
        other => other.to_string(),
    };
    Error::Kubeconfig(reason)
}

/// Prepares a connection; nothing is sent yet.
///
/// # Errors
/// When there is neither a usable kubeconfig nor a service account, or the context does not exist.
pub async fn connect(access: &Access) -> Result<Connection, Error> {
    // Another part of the program may have done it; either way there is one afterwards.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (mut config, context, own_proxy) = configuration(access).await?;
    config.default_retry = false;
    config.connect_timeout = Some(access.timeout.min(Duration::from_secs(10)));
    // Silence is timed per answer in `request`, where a pooled connection's idle time does not count.
    config.read_timeout = None;
    if !own_proxy {
        config.proxy_url =
            proxy::decide(&config.cluster_url, |name| std::env::var(name).ok()).map_err(Error::Kubeconfig)?;
    }
    if access.as_user.is_some() {
        config.auth_info.impersonate.clone_from(&access.as_user);
        config.auth_info.impersonate_groups = Some(access.as_groups.clone());
    } else if !access.as_groups.is_empty() {
        return Err(Error::Kubeconfig("--as-group needs --as".to_owned()));
    }
    config.headers.push((
        http::header::USER_AGENT,
        http::HeaderValue::from_static(concat!("scopefence/", env!("CARGO_PKG_VERSION"))),
    ));
    let server = public_url(&config.cluster_url);
    let unverified = config.accept_invalid_certs;
    let handshake = Handshake::new(&config, access.timeout);
    let client = Client::try_from(config).map_err(|error| Error::Kubeconfig(super::request::describe(&error)))?;
    Ok(Connection { api: Api::new(client, access.timeout), handshake, context, server, unverified })
}

async fn configuration(access: &Access) -> Result<(Config, Option<String>, bool), Error> {
    let mut kubeconfig = match read(access.kubeconfig.as_ref()) {
        Ok(kubeconfig) => kubeconfig,
        Err(error) => {
            let in_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
            if access.kubeconfig.is_none() && access.context.is_none() && in_pod {
                let config = Config::incluster().map_err(|error| Error::Kubeconfig(error.to_string()))?;
                return Ok((config, None, false));
            }
            return Err(error);
        }
    };
    let context = access.context.clone().or_else(|| kubeconfig.current_context.clone());
    let Some(context) = context.filter(|name| !name.is_empty()) else {
        return Err(Error::Kubeconfig("the kubeconfig has no current context; name one with --context".to_owned()));
    };
    let known: Vec<&str> = kubeconfig.contexts.iter().map(|context| &*context.name).collect();
    if !known.contains(&&*context) {
        let nearest = known.iter().max_by(|a, b| {
            let near = |name: &str| strsim::jaro_winkler(name, &context);
            near(a).total_cmp(&near(b))
        });
        let hint = nearest.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
        return Err(Error::Kubeconfig(format!("the kubeconfig has no context `{context}`{hint}")));
    }
    let cluster = kubeconfig.contexts.iter().find(|named| named.name == context).and_then(|named| {
        let name = named.context.as_ref()?.cluster.clone();
        kubeconfig.clusters.iter_mut().find(|cluster| cluster.name == name)?.cluster.as_mut()
    });
    let own_proxy = cluster.and_then(|cluster| cluster.proxy_url.clone()).filter(|url| !url.is_empty());
    let options = KubeConfigOptions { context: Some(context.clone()), cluster: None, user: None };
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| kubeconfig_error(&error))?;
    if let Some(url) = &own_proxy {
        config.proxy_url =
            Some(url.parse().map_err(|_| Error::Kubeconfig("proxy-url of the kubeconfig is not a URL".to_owned()))?);
    }
    Ok((config, Some(context), own_proxy.is_some()))
}

/// The URL as it may be written down: no user, password or query.
fn public_url(url: &http::Uri) -> String {
    let scheme = url.scheme_str().unwrap_or("https");
    let host = url.authority().map_or("", |authority| {
        let authority = authority.as_str();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    });
    format!("{scheme}://{host}{}", url.path().trim_end_matches('/'))
}
