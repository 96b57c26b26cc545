//! `scopefence collect`.

mod cost;
mod progress;
mod report;
mod target;

use std::{
    collections::BTreeSet,
    num::NonZero,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use self::{
    progress::Progress,
    target::{Declared, Target},
};
use super::{Exit, Failure, Ui, workspace};
use crate::{
    cluster::{self, Access, Collected, Connection, Extra, projection::Projections},
    snapshot::{self, Header, ListRecord, Packed},
    workspace::MAIN_FILE,
};

/// Read evidence from a cluster into a snapshot
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the workspace; the nearest one upward unless given. Snapshots go to its `evidence` folder
    dir: Option<PathBuf>,
    #[command(flatten)]
    access: AccessArguments,
    /// Context of the kubeconfig; several are read at once [default: the current one]
    #[arg(long, value_name = "CONTEXT", conflicts_with = "from_files", help_heading = ACCESS)]
    context: Vec<String>,
    /// Write to this file, or into this folder (needed for several contexts)
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Identifier of the cluster in the snapshot [default: as declared, else the context]
    #[arg(long, value_name = "ID")]
    cluster: Option<String>,
    /// Take evidence from saved `kubectl get -o json|yaml` output or a folder of manifests instead of a cluster
    #[arg(long, value_name = "PATH", num_args = 1..)]
    from_files: Vec<PathBuf>,
    /// Read also what needs rights of its own; `permissions --with` prints them
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT", conflicts_with = "from_files")]
    with: Vec<With>,
    /// Say what could be read and what could not, and read nothing
    #[arg(long, conflicts_with = "from_files")]
    dry_run: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Name every list as it ends
    #[arg(short, long)]
    verbose: bool,
}

/// What is read only when opted in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum With {
    /// Settings that each kubelet runs with, through the proxy of the API server
    Configz,
}

/// Where the help lists them.
pub(super) const ACCESS: &str = "Access to the cluster";

/// How to reach a cluster.
#[derive(Debug, Args)]
pub(super) struct AccessArguments {
    /// File of the kubeconfig [default: $KUBECONFIG, else ~/.kube/config, else the service account of the Pod]
    #[arg(long, value_name = "FILE", help_heading = ACCESS)]
    kubeconfig: Option<PathBuf>,
    /// User to impersonate
    #[arg(long = "as", value_name = "USER", help_heading = ACCESS)]
    as_user: Option<String>,
    /// Group to impersonate; may be repeated
    #[arg(long, value_name = "GROUP", requires = "as_user", help_heading = ACCESS)]
    as_group: Vec<String>,
    /// Longest silence of the API server to wait for, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600),
        help_heading = ACCESS)]
    timeout: u64,
}

impl AccessArguments {
    /// The first argument that says how to reach a cluster, for commands that reach one only when told to.
    pub(super) fn given(&self) -> Option<&'static str> {
        let kubeconfig = self.kubeconfig.is_some().then_some("--kubeconfig");
        kubeconfig.or(self.as_user.is_some().then_some("--as"))
    }

    /// Access to one context.
    pub(super) fn access(&self, context: Option<String>) -> Access {
        Access {
            kubeconfig: self.kubeconfig.clone(),
            context,
            as_user: self.as_user.clone(),
            as_groups: self.as_group.clone(),
            timeout: Duration::from_secs(self.timeout),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    let root = workspace::root(arguments.dir.as_deref())?;
    let projections = Projections::of_workspace(&root).map_err(Failure::new)?;
    let declared = Declared::read(&root);
    if !arguments.from_files.is_empty() {
        return from_files(arguments, &root, &declared, &projections, ui);
    }
    if arguments.dry_run {
        return dry_run(arguments, &projections, ui);
    }
    let contexts: Vec<Option<String>> = match arguments.context.as_slice() {
        [] => vec![None],
        // Named twice, a context is still one.
        names => names.iter().collect::<BTreeSet<_>>().into_iter().cloned().map(Some).collect(),
    };
    let target = Target::new(&root, arguments.out.as_deref(), contexts.len())?;
    if contexts.len() > 1 && arguments.cluster.is_some() {
        return Err(Failure::new("--cluster names one cluster, but several contexts are given"));
    }
    let progress = Progress::new(ui, arguments.verbose);
    let readings = interruptible(async {
        let mut tasks = Vec::new();
        for context in contexts {
            tasks.push(read(arguments, &declared, &projections, &progress, context));
        }
        Ok(join_all(tasks).await)
    });
    progress.finish();
    let mut failure = None;
    let mut written = Vec::new();
    for reading in readings? {
        match reading.and_then(|read| target.write(read, ui)) {
            Ok(one) => written.push(one),
            Err(error) if failure.is_none() => failure = Some(error),
            Err(error) => ui.failure(&error),
        }
    }
    report::written(&written, arguments.format, ui);
    match failure {
        Some(failure) => Err(failure),
        None => Ok(Exit::Fine),
    }
}

/// Reads one context.
async fn read(
    arguments: &Arguments,
    declared: &Declared,
    projections: &Projections,
    progress: &Progress<'_>,
    context: Option<String>,
) -> Result<Collected<Packed>, Failure> {
    let connection = connect(&arguments.access.access(context)).await?;
    if let Some(warning) = unverified(&connection) {
        progress.warn(warning);
    }
    let id = arguments.cluster.clone().or_else(|| declared.id(connection.context.as_deref()));
    let bar = progress.bar(connection.context.as_deref().unwrap_or("cluster"));
    let extras = arguments.with.iter().map(|With::Configz| Extra::Configz).collect();
    let read =
        cluster::collect_packed(&connection, id.as_deref(), projections, &extras, &|event| bar.observe(&event)).await;
    bar.finish();
    read.map_err(|error| help(&error, Failure::new(&error)))
}

pub(super) async fn connect(access: &Access) -> Result<Connection, Failure> {
    cluster::connect(access).await.map_err(|error| help(&error, Failure::new(&error)))
}

/// What to say of a server whose certificate is not verified.
pub(super) fn unverified(connection: &Connection) -> Option<String> {
    connection.unverified.then(|| {
        format!(
            "the kubeconfig says not to verify the certificate of {}: anybody on the way could have given the evidence",
            connection.server
        )
    })
}

/// Adds what to do about it.
pub(super) fn help(error: &cluster::Error, failure: Failure) -> Failure {
    match error {
        cluster::Error::Kubeconfig(_) => failure.help(
            "name a kubeconfig with --kubeconfig and a context with --context, or read saved files with --from-files",
        ),
        cluster::Error::Unreachable { .. } => failure.help("check that `kubectl version` works with the same context"),
        cluster::Error::NothingReadable { .. } => failure
            .help("`scopefence permissions` prints the rights to ask for, `collect --dry-run` says what is granted"),
        _ => failure,
    }
}

/// Runs on this thread until it is done or the person presses Ctrl-C; nothing is written before it is done.
pub(super) fn interruptible<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // Parsing and packing run beside the network on threads of their own; more of them than cores only take memory.
    let cores = std::thread::available_parallelism().map_or(2, NonZero::get);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(cores.max(2))
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let answer = runtime.block_on(async {
        tokio::select! {
            answer = work => answer,
            _ = tokio::signal::ctrl_c() => Err(Failure::new("interrupted; nothing was written")),
        }
    });
    runtime.shutdown_background();
    answer
}

/// Waits for several futures at once, in their order.
async fn join_all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

fn from_files(
    arguments: &Arguments,
    root: &Path,
    declared: &Declared,
    projections: &Projections,
    ui: &Ui,
) -> Result<Exit, Failure> {
    no_workspace(&arguments.from_files)?;
    let target = Target::new(root, arguments.out.as_deref(), 1)?;
    let id = arguments.cluster.clone().or_else(|| declared.only()).unwrap_or_else(|| "cluster".to_owned());
    let reading = cluster::Reading {
        cluster: &id,
        as_of: source_date_epoch()?,
        templates: cluster::Templates::Stay,
        namespace: None,
    };
    let supplied = cluster::from_files(&arguments.from_files, &reading, projections)
        .map_err(|error| Failure::new(error).help("save files with `kubectl get KIND -A -o json > KIND.json`"))?;
    for note in &supplied.notes {
        ui.note(note);
    }
    let snapshot = supplied.snapshot;
    let lists =
        snapshot::pack(&snapshot).map_err(|error| Failure::new(format_args!("cannot pack the lists: {error}")))?;
    let written = target.write(Collected { header: snapshot.header, lists, probes: snapshot.probes }, ui)?;
    report::written(&[written], arguments.format, ui);
    Ok(Exit::Fine)
}

/// Refuses a workspace among the files: `--from-files pods.json my-platform` would otherwise swallow it in silence.
pub(super) fn no_workspace(paths: &[PathBuf]) -> Result<(), Failure> {
    match paths.iter().find(|path| path.join(MAIN_FILE).is_file()) {
        None => Ok(()),
        Some(path) => Err(Failure::new(format_args!("{} is a workspace, not saved evidence", path.display()))
            .help("name the workspace before --from-files, which takes every path that follows it")),
    }
}

/// `SOURCE_DATE_EPOCH`, by which a build can be repeated.
pub(super) fn source_date_epoch() -> Result<Option<DateTime<Utc>>, Failure> {
    let Ok(value) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(None) };
    match value.trim().parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
        Some(date) => Ok(Some(date)),
        None => Err(Failure::new("SOURCE_DATE_EPOCH is not a number of seconds")),
    }
}

fn dry_run(arguments: &Arguments, projections: &Projections, ui: &Ui) -> Result<Exit, Failure> {
    let context = match arguments.context.as_slice() {
        [] => None,
        [context] => Some(context.clone()),
        _ => return Err(Failure::new("--dry-run asks one cluster at a time")),
    };
    let (server, answers) = interruptible(async {
        let connection = connect(&arguments.access.access(context)).await?;
        let answers = cluster::preflight(&connection, projections).await;
        Ok((connection.server, answers.map_err(|error| help(&error, Failure::new(&error)))?))
    })?;
    Ok(report::preflight(&server, &answers, arguments.format, ui))
}

/// A snapshot that was written, and where.
pub(super) struct Written {
    path: PathBuf,
    digest: String,
    header: Header,
    records: Vec<ListRecord>,
}

impl Target {
    /// Links a snapshot to its predecessor and writes it.
    fn write(&self, Collected { mut header, lists, probes }: Collected<Packed>, ui: &Ui) -> Result<Written, Failure> {
        let path = self.path(&header)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            header.previous = target::previous(folder, &path, &header, ui);
        }
        let digest = snapshot::write_packed(&header, &lists, &probes, &path).map_err(Failure::new)?;
        Ok(Written { path, digest, header, records: lists.into_iter().map(|list| list.record).collect() })
    }
}
