//! OSCAL JSON: fields in the order of the reference, and an identifier that is that of the content.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::names::Names;
use crate::pretty::{Order, text};

const ORDER: Order = Order {
    first: &[
        "uuid",
        "id",
        "control-id",
        "statement-id",
        "component-uuid",
        "name",
        "ns",
        "type",
        "value",
        "title",
        "description",
        "metadata",
        "import-ssp",
        "import-ap",
        "import-profile",
        "system-id",
        "system-characteristics",
        "system-implementation",
    ],
    last: &["remarks", "back-matter"],
};

/// A document: `{"model": {"uuid": …, …}}`, its identifier that of its content.
pub(super) fn document(model: &str, mut fields: Map<String, Value>, names: &Names) -> String {
    let content = text(&fields);
    let system = Uuid::parse_str(&names.system()).unwrap_or_default();
    fields.insert("uuid".to_owned(), Uuid::new_v5(&system, format!("{model}/{content}").as_bytes()).to_string().into());
    ORDER.write(&Value::Object(Map::from_iter([(model.to_owned(), Value::Object(fields))])))
}
