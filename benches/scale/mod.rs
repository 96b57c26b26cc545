//! What `collect` costs on a large cluster, against fetching the same pages and throwing them away.
//!
//! Three processes: this one measures, a copy of it serves the pages, and the program under test collects. Peak memory
//! is what Linux says of the whole process (`VmHWM`), looked at every millisecond until it ends; processor time is what
//! it counted (`/proc/PID/stat`), which other programs on the machine change little.
//!
//! Both clients ask for the same pages, as gzip. The server packs each page anew, as the API server does; it does not
//! read objects from etcd and encode them, which costs the API server more than packing. So the ratio of times is
//! above that of a real cluster; `-- apiserver PODS` measures against a real API server, in which it makes the objects.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use http_body_util::BodyExt;
use kube::{Client, client::Body};
use scopefence::{
    assess::{self, History},
    snapshot, workspace,
};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{apiserver, generated, replay::Replay};

/// Says to this program that it is to serve the pages.
pub const SERVE: &str = "--serve-cluster";
/// Says to this program that it is to fetch the pages and throw them away.
pub const FETCH: &str = "--fetch-cluster";
/// Each is done so many times, in turn; the quickest counts, for other programs on the machine only ever slow it down.
const TURNS: usize = 3;
const SEED: u64 = 20_261_121;
/// Lists read at the same time, as `collect` does.
const CONCURRENT: usize = 8;

/// Serves a large cluster until the process that asked for it ends.
pub fn serve() {
    let cluster = generated::generate(generated::LARGE, SEED);
    let paths: Vec<String> = cluster.pages.keys().filter(|path| path.matches('/').count() > 2).cloned().collect();
    let objects: usize = cluster.counts.values().sum();
    let packed: usize = cluster.pages.values().flatten().map(Vec::len).sum();
    eprintln!("{objects} objects, {} MB, {} MB as gzip", cluster.bytes >> 20, packed >> 20);
    for (kind, count) in &cluster.counts {
        eprintln!("  {count:>6} {kind}");
    }
    let server = Replay::of_pages(cluster.pages);
    println!("{}", server.kubeconfig().display());
    println!("{}", paths.join(" "));
    let _ = std::io::stdin().read(&mut [0]);
}

/// Marks a list of which the metadata alone is asked for.
const METADATA: char = '+';

/// Fetches every page of the lists through the same client, unpacks and drops it. Arguments: kubeconfig, paths.
pub fn fetch(arguments: &[String]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bytes = runtime.block_on(async {
        let kubeconfig = kube::config::Kubeconfig::read_from(&arguments[0]).expect("a kubeconfig");
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.expect("a context");
        let client = Client::try_from(config).expect("a client");
        let permits = Arc::new(Semaphore::new(CONCURRENT));
        let mut tasks = JoinSet::new();
        for path in &arguments[1..] {
            let (client, permits, path) = (client.clone(), permits.clone(), path.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire_owned().await;
                list(&client, &path).await
            });
        }
        tasks.join_all().await.into_iter().sum::<usize>()
    });
    println!("{bytes}");
}

async fn list(client: &Client, path: &str) -> usize {
    let (path, accept) = match path.strip_prefix(METADATA) {
        Some(path) => (path, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
        None => (path, "application/json"),
    };
    let mut bytes = 0;
    let mut next = String::new();
    loop {
        let request = http::Request::get(format!("{path}?limit=500{next}")).header("accept", accept);
        let mut body =
            client.send(request.body(Body::empty()).expect("a request")).await.expect("an answer").into_body();
        let mut start = Vec::new();
        while let Some(frame) = body.frame().await {
            let data = frame.expect("a whole answer").into_data().unwrap_or_default();
            bytes += data.len();
            if start.len() < 1000 {
                start.extend_from_slice(&data[..data.len().min(1000)]);
            }
        }
        let start = String::from_utf8_lossy(&start);
        match start.split_once("\"continue\":\"").and_then(|(_, rest)| rest.split_once('"')) {
            Some((token, _)) if !token.is_empty() => next = format!("&continue={token}"),
            _ => return bytes,
        }
    }
}

struct Server {
    child: Child,
    kubeconfig: String,
    paths: Vec<String>,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut line = || lines.next().expect("the server starts").expect("text");
        let kubeconfig = line();
        let paths = line().split(' ').map(str::to_owned).collect();
        Self { child, kubeconfig, paths }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What one run took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    /// Processor time of the program.
    work: Duration,
    /// Processor time of the server meanwhile.
    served: Duration,
    /// MB.
    peak: u64,
}

/// Runs a command to its end, while these processes serve it.
fn measure(servers: &[u32], command: &mut Command) -> Cost {
    let serving = || -> Duration { servers.iter().map(|server| ticks(&format!("/proc/{server}/stat"), OWN)).sum() };
    let (worked, served) = (ticks("/proc/self/stat", ENDED), serving());
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().expect("it can be waited for") {
            break ended;
        }
        peak = peak.max(peak_of(&status).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(ended.success(), "{command:?} ends with {ended}");
    let (work, serve) = (ticks("/proc/self/stat", ENDED) - worked, serving() - served);
    Cost { time: begun.elapsed(), work, served: serve, peak: peak >> 10 }
}

/// Fields of `/proc/PID/stat` behind the name: time in user and kernel mode of the process itself.
const OWN: [usize; 2] = [11, 12];
/// The same of its children that have ended.
const ENDED: [usize; 2] = [13, 14];

fn ticks(path: &str, fields: [usize; 2]) -> Duration {
    let text = fs::read_to_string(path).expect("Linux counts time");
    let (_, rest) = text.rsplit_once(')').expect("the name in brackets");
    let numbers: Vec<u64> = rest.split_whitespace().map(|word| word.parse().unwrap_or(0)).collect();
    // Linux shows hundredths of a second, whatever it counts in.
    Duration::from_millis(10 * fields.iter().map(|&field| numbers[field]).sum::<u64>())
}

fn peak_of(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

/// The quickest of all turns, with the highest peak.
fn best(turns: &[Cost]) -> Cost {
    let least = |of: fn(&Cost) -> Duration| turns.iter().map(of).min().unwrap_or_default();
    Cost {
        time: least(|turn| turn.time),
        work: least(|turn| turn.work),
        served: least(|turn| turn.served),
        peak: turns.iter().map(|turn| turn.peak).max().unwrap_or(0),
    }
}

fn print(what: &str, cost: &Cost) {
    println!(
        "{what:<20} {:>7.2} s, of the processor {:>5.2} s and {:>5.2} s of the server's, peak {:>4} MB",
        cost.time.as_secs_f64(),
        cost.work.as_secs_f64(),
        cost.served.as_secs_f64(),
        cost.peak
    );
}

/// Fetches and collects in turn, and prints both and their ratios.
fn compare(servers: &[u32], kubeconfig: &Path, paths: &[String], out: &Path) {
    let this = std::env::current_exe().expect("this program");
    let (mut fetched, mut collected) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        fetched.push(measure(servers, Command::new(&this).arg(FETCH).arg(kubeconfig).args(paths)));
        let mut collect = Command::new(env!("CARGO_BIN_EXE_scopefence"));
        collect.args(["collect", "--quiet", "--kubeconfig"]).arg(kubeconfig).arg("--out").arg(out);
        collected.push(measure(servers, &mut collect));
    }
    let (fetch, collect) = (best(&fetched), best(&collected));
    print("fetch and throw away", &fetch);
    print("collect", &collect);
    println!("time ratio           {:>7.2}    (at most 1.5)", collect.time.as_secs_f64() / fetch.time.as_secs_f64());
    println!("memory ratio         {:>7.2}    (at most 300 MB)", collect.peak as f64 / fetch.peak.max(1) as f64);
    println!("snapshot             {:>7} kB", fs::metadata(out).expect("written").len() >> 10);
}

/// Prints time and memory of a collection of the large cluster from a server that has every page ready, and of reading
/// and assessing what it wrote.
pub fn report() {
    println!("\na server that has every page ready and packs it:");
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("large.snapshot.jsonl.zst");
    compare(&[server.child.id()], Path::new(&server.kubeconfig), &server.paths, &out);
    drop(server);
    let begun = Instant::now();
    let snapshot = snapshot::read(&out).expect("a snapshot");
    println!("{:<20} {:>7.2} s", "load", begun.elapsed().as_secs_f64());
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("scopes/compliant-kubernetes");
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    let workspace = workspace::load(&starter, today).expect("a workspace").workspace.expect("a sound workspace");
    let begun = Instant::now();
    let assessment = assess::assess(&workspace, std::slice::from_ref(&snapshot), &History::default(), None);
    println!("{:<20} {:>7.2} s  {:>5} findings", "assess", begun.elapsed().as_secs_f64(), assessment.findings.len());
    let begun = Instant::now();
    let past = assess::past(&workspace, &snapshot);
    println!("{:<20} {:>7.2} s  {:>5} findings", "assess the past", begun.elapsed().as_secs_f64(), past.findings.len());
}

/// Prints the same of `kube-apiserver`, filled with as many Pods; `None` without one.
pub fn real(pods: usize) {
    let Some(server) = apiserver::server() else { return };
    let size = generated::Size { namespaces: pods / 20, pods, bindings: pods / 10, objects: pods * 4 };
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    generated::each(size, SEED, &mut |path, object| {
        let objects = if path.ends_with("/namespaces") { &mut first } else { &mut rest };
        objects.push((path, object.to_string()));
    });
    let begun = Instant::now();
    let made = server.create_all(first) + server.create_all(rest);
    let kubeconfig = server.kubeconfig_of("admin");
    let out = server.file("large.snapshot.jsonl.zst");
    let mut collect = Command::new(env!("CARGO_BIN_EXE_scopefence"));
    collect.args(["collect", "--quiet", "--kubeconfig"]).arg(&kubeconfig).arg("--out").arg(&out);
    assert!(collect.status().expect("it starts").success());
    let snapshot = snapshot::read(&out).expect("a snapshot");
    let complete = snapshot.lists.iter().filter(|list| list.complete().is_ok()).map(|list| &list.record);
    let paths: Vec<String> = complete
        .map(|record| if record.metadata_only { format!("{METADATA}{}", record.path) } else { record.path.clone() })
        .collect();
    println!("\nkube-apiserver and etcd on this machine, {made} objects made in {} s:", begun.elapsed().as_secs());
    compare(&server.processes(), &kubeconfig, &paths, &out);
}
