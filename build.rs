//! Tells cargo that the embedded folders are inputs: `include_dir!` alone does not notice edits.

fn main() {
    for folder in ["templates", "scopes", "controls", "site"] {
        watch(std::path::Path::new(folder));
    }
}

fn watch(path: &std::path::Path) {
    println!("cargo::rerun-if-changed={}", path.display());
    if let Ok(entries) = std::fs::read_dir(path) {
        for entry in entries.flatten() {
            if entry.path().is_dir() {
                watch(&entry.path());
            }
        }
    }
}
