//! Reading a file of another tool: recognise it, take over what is kept of it.
//!
//! In: the bytes of a file. Out: [`Rows`], or a [`Problem`] that says where. Steps: what the outermost level of JSON or
//! the first YAML document holds says which tool wrote it ([`shape`]); one file a format then reads typed values, which
//! pass over what they do not know: tools add fields all the time.
//!
//! Invariant: no message quotes the file, which may hold secrets or steer a terminal.

mod kube_bench;
mod kubescape;
mod policy_report;
mod prowler;
mod sarif;
mod shape;
mod trivy;

use scopefence_json::{Shape, Trouble, read};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{ResultFile, When, rows::Rows};
use crate::workspace::supplied;

/// Largest file that is read: a scan of 20,000 Pods has some hundred MB.
pub(crate) const LARGEST: u64 = 512 << 20;

/// Largest YAML file that is read.
const LARGEST_YAML: usize = 64 << 20;

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// `kube-bench run --json`
    KubeBench,
    /// `trivy image|config|fs|k8s --format json`, its compliance reports, and those of the Trivy operator
    Trivy,
    /// `kubescape scan --format json`
    Kubescape,
    /// `prowler … --output-formats json-ocsf`
    Prowler,
    /// PolicyReport, ClusterPolicyReport, Report and ClusterReport objects as `kubectl get -o json|yaml` prints them
    PolicyReport,
    /// SARIF 2.1.0
    Sarif,
}

impl Format {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Format::KubeBench => "kube-bench",
            Format::Trivy => "trivy",
            Format::Kubescape => "kubescape",
            Format::Prowler => "prowler",
            Format::PolicyReport => "policy-report",
            Format::Sarif => "sarif",
        }
    }
}

/// What is understood, for whoever brings something else.
pub(crate) const UNDERSTOOD: &str = "understood are kube-bench (`--json`), Trivy (`--format json`), Kubescape (`--format \
                                     json`), Prowler (`--output-formats json-ocsf`), PolicyReport objects (JSON or \
                                     YAML) and SARIF 2.1.0; `--tool` says which one it is";

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// A sentence without a full stop.
    pub(crate) message: String,
    /// Line and column, from 1.
    pub(crate) place: Option<(usize, usize)>,
    pub(crate) help: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, help: None }
    }
}

/// Objects beside those that a format is about.
const OTHER_OBJECTS: &str = "objects of other kinds";

/// What a file says, before anybody says of which cluster it speaks.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) format: Format,
    rows: Rows,
}

/// Reads a file. `told` is the format that somebody says it has.
pub(crate) fn file(bytes: &[u8], told: Option<Format>) -> Result<Read, Problem> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = &text[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let column = before.len() - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) + 1;
        Problem { place: Some((line, column)), ..Problem::new("it is not UTF-8 text") }
    })?;
    if text.trim().is_empty() {
        return Err(Problem::new("it is empty"));
    }
    let format = match told {
        Some(format) => format,
        None => shape::recognise(text)?,
    };
    let mut rows = match format {
        Format::KubeBench => kube_bench::read(text),
        Format::Trivy => trivy::read(text),
        Format::Kubescape => kubescape::read(text),
        Format::Prowler => prowler::read(text),
        Format::PolicyReport => policy_report::read(text),
        Format::Sarif => sarif::read(text),
    }?;
    // Trivy and writers of SARIF list what they found alone: nothing in a list is something to say.
    let may_be_empty = matches!(format, Format::Trivy | Format::Sarif) && !rows.left_out.contains_key(OTHER_OBJECTS);
    if rows.is_empty() && !may_be_empty {
        return Err(Problem::new(format!("it holds no results of {}", format.as_str())));
    }
    if rows.tool.is_none() {
        rows.tool = Some(format.as_str().to_owned());
    }
    Ok(Read { format, rows })
}

impl Read {
    /// When the tool looked, as the file says.
    pub(crate) fn observed(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.rows.observed
    }

    /// The cluster as the file names it.
    pub(crate) fn cluster(&self) -> Option<&str> {
        self.rows.cluster.as_deref()
    }

    /// Whether it speaks of a cluster, named or not.
    pub(crate) fn of_cluster(&self) -> bool {
        self.rows.of_cluster
    }

    /// What a workspace keeps of it.
    pub(crate) fn keep(mut self, cluster: Option<String>, observed: When, original: super::Original) -> ResultFile {
        ResultFile {
            format: super::stored::FORMAT,
            tool: supplied::slug(self.rows.tool.as_deref().unwrap_or_default()),
            tool_version: self.rows.version.take(),
            read_as: self.format.as_str().to_owned(),
            against: std::mem::take(&mut self.rows.against).into_iter().collect(),
            cluster,
            observed,
            original,
            left_out: std::mem::take(&mut self.rows.left_out),
            rules: self.rows.rules(),
            file: String::new(),
            digest: String::new(),
        }
    }
}

/// Reads one JSON value that is all of the text.
fn json<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, Problem> {
    read::from_str(text).map_err(|error| wrong(&error))
}

/// Reads JSON values one after another: one that is a list counts as its elements.
fn json_each<'t, T: Deserialize<'t>>(text: &'t str) -> Result<Vec<T>, Problem> {
    if text.trim_start().starts_with('[') {
        return json(text);
    }
    read::each(text).map_err(|error| wrong(&error))
}

/// Reads a document of a YAML text.
fn document<T: DeserializeOwned>(document: &serde_json::Value) -> Result<T, Problem> {
    json(&document.to_string()).map_err(|problem| Problem { place: None, ..problem })
}

/// What is wrong with JSON, in words that hold nothing of it.
fn wrong(error: &read::Error) -> Problem {
    let message = match (error.missing_field(), error.trouble) {
        // The name of the field is one of ours.
        (Some(field), _) => format!("the field `{field}` is missing"),
        (None, Trouble::CutOff) => "it ends in the middle: export it again".to_owned(),
        (None, Trouble::NotJson) => "it is not JSON".to_owned(),
        (None, Trouble::Shape(Shape::TooDeep)) => "it is nested too deeply".to_owned(),
        (None, Trouble::Shape(_)) => "a field has another type than the format of the tool promises".to_owned(),
    };
    Problem { place: error.place, ..Problem::new(message) }
}

/// The documents of a YAML text.
fn yaml(text: &str) -> Result<Vec<serde_json::Value>, Problem> {
    if text.len() > LARGEST_YAML {
        let message = format!("it is YAML of {} MB, and at most {} MB are read", text.len() >> 20, LARGEST_YAML >> 20);
        return Err(Problem { help: Some("export it as JSON, of which more is read"), ..Problem::new(message) });
    }
    crate::cluster::files::yaml(text)
        .map_err(|place| Problem { place, ..Problem::new("it is neither JSON nor YAML that can be read") })
}

/// Lists and texts that Go writes as `null` where there are none.
fn or_none<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests;
