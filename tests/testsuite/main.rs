//! Whole-program tests: they run the real binary over small folders kept as data. One module per thing that a user does.

mod assess;
mod assess_formats;
mod build;
mod check;
mod collect;
mod collect_apiserver;
mod collect_clients;
mod collect_files;
mod collect_secrets;
mod collect_usage;
mod command_line;
mod documents;
mod drift;
mod evidence;
mod hostile;
mod import;
mod init;
mod oscal;
mod pdf;
mod pdf_sample;
mod permissions;
mod replay;
mod starters;
mod suggest;
mod support;
mod whose;
