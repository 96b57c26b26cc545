//! `scopefence permissions`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    Exit, Failure, Ui,
    collect::{self, AccessArguments},
    workspace,
};
use crate::cluster::{self, ClusterRole, Extra, projection::Projections};

/// Print the least-privilege ClusterRole that collect needs
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the workspace, whose own projections count; the nearest one upward unless given
    dir: Option<PathBuf>,
    /// Add rights beyond the usual ones, each with its risk
    #[arg(long, value_enum, value_delimiter = ',', value_name = "RIGHT")]
    with: Vec<With>,
    /// Ask the cluster which custom resources it has, and add them
    #[arg(long)]
    live: bool,
    /// Context of the kubeconfig [default: the current one]
    #[arg(long, value_name = "CONTEXT", requires = "live", help_heading = collect::ACCESS)]
    context: Option<String>,
    #[command(flatten)]
    access: AccessArguments,
    /// How to print the role
    #[arg(long, value_enum, default_value_t = Format::Yaml, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum With {
    /// List Secrets (names only, but the right gives content too)
    Secrets,
    /// Read the settings that kubelets run with (through a right that also runs commands in containers)
    Configz,
    /// Read the metrics of the API server, which show the encryption at rest that it uses
    Metrics,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// With the reasons as comments
    Yaml,
    /// The bare object
    Json,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    let projections = Projections::of_workspace(&workspace::root(arguments.dir.as_deref())?).map_err(Failure::new)?;
    if let Some(flag) = arguments.access.given().filter(|_| !arguments.live) {
        return Err(Failure::new(format_args!("{flag} says how to reach a cluster, but nothing is read from one"))
            .help("add --live"));
    }
    let discovered = match arguments.live {
        false => Vec::new(),
        true => collect::interruptible(async {
            let connection = collect::connect(&arguments.access.access(arguments.context.clone())).await?;
            cluster::listable(&connection, &projections)
                .await
                .map_err(|error| collect::help(&error, Failure::new(&error)))
        })?,
    };
    let extras = arguments.with.iter().map(|with| match with {
        With::Secrets => Extra::Secrets,
        With::Configz => Extra::Configz,
        With::Metrics => Extra::Metrics,
    });
    let role = ClusterRole::new(&projections, &extras.collect(), &discovered);
    match arguments.format {
        Format::Yaml => ui.print(role),
        Format::Json => ui.print(format!("{:#}", serde_json::json!(role))),
    }
    Ok(Exit::Fine)
}
