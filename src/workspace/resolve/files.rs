//! Globs, and files of the workspace that declarations name.

use std::path::{Component, Path};

use sha2::{Digest, Sha256};
use toml::Spanned;

use super::{
    super::{code::Code, diagnostic::Diagnostic, raw::Texts, read::plain},
    context::{Table, each},
};

impl Table<'_> {
    /// A list of globs, each of which can be parsed.
    pub fn globs(&self, values: &Texts) -> Vec<String> {
        for value in each(values) {
            if let Err(error) = globset::Glob::new(value.get_ref()) {
                let message = format!("`{}` is not a glob: {}", value.get_ref(), error.kind());
                self.report(
                    Diagnostic::new(Code::ImpossibleClaim, self.at(value), message, "cannot be parsed")
                        .help("`*` stands for any characters, `?` for one, `[ab]` for one of these"),
                );
            }
        }
        self.list(values)
    }

    /// Checks that a declared file exists within the workspace, and returns its SHA-256 in hex.
    pub fn workspace_file(&self, value: &Spanned<String>) -> Option<String> {
        let report = |message: String, label: &str| {
            self.report(Diagnostic::new(Code::EvidenceMissing, self.at(value), message, label).help(
                "name a file relative to the workspace and within it, or give a link that starts with `https://`",
            ));
        };
        let written = value.get_ref().as_str();
        if written.contains("://") {
            report(format!("`{written}` is not an `https:` link"), "not a file, not `https:`");
            return None;
        }
        let relative = Path::new(written);
        if !relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            report(format!("`{written}` leads out of the workspace"), "not within the workspace");
            return None;
        }
        let root = self.context.root.canonicalize();
        let resolved = self.context.root.join(relative).canonicalize();
        match (root, resolved) {
            (Ok(root), Ok(file)) if !file.starts_with(&root) => {
                report(format!("`{written}` is a link that leads out of the workspace"), "not within the workspace");
                None
            }
            (Ok(_), Ok(file)) => match hash(&file) {
                Ok(digest) => Some(digest),
                Err(error) => {
                    report(format!("`{written}` cannot be read: {}", plain(&error)), "cannot be read");
                    None
                }
            },
            (Err(error), _) | (_, Err(error)) => {
                report(format!("`{written}` cannot be read: {}", plain(&error)), "no such file");
                None
            }
        }
    }
}

fn hash(file: &Path) -> std::io::Result<String> {
    if !file.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut reader = std::fs::File::open(file)?;
    let mut digest = Sha256::new();
    let mut buffer = [0; 1 << 16];
    loop {
        match std::io::Read::read(&mut reader, &mut buffer)? {
            0 => break,
            read => digest.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
