//! Checks of JSON documents against JSON Schemas.

use boon::{Compiler, SchemaIndex, Schemas};
use libtest_mimic::Failed;
use serde_json::Value;

/// A schema, ready to check documents.
pub struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    /// Reads the schema. Its own `$schema` says which draft it follows.
    pub fn new(schema: &Value) -> Result<Self, Failed> {
        const NAME: &str = "schema.json";
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource(NAME, schema.clone()).map_err(|error| error.to_string())?;
        let index = compiler.compile(NAME, &mut schemas).map_err(|error| format!("{error:#}"))?;
        Ok(Self { schemas, index })
    }

    /// Whether the document is as the schema says; if not, where it is not.
    pub fn check(&self, document: &Value) -> Result<(), String> {
        self.schemas.validate(document, self.index).map_err(|error| format!("{error:#}"))
    }
}
