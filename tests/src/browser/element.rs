//! One element of a page that a test drives.

use serde_json::{Value, json};

use super::session::Session;

/// The name under which WebDriver refers to an element.
const REFERENCE: &str = "element-6066-11e4-a52e-4f735466cecf";

/// An element of the page that its session shows; no longer there once that shows another.
pub struct Element<'a> {
    session: &'a Session,
    id: String,
}

impl<'a> Element<'a> {
    pub(super) fn new(session: &'a Session, reference: &Value) -> Self {
        let id = reference[REFERENCE].as_str().unwrap_or_default().to_owned();
        Self { session, id }
    }

    /// Clicks in its middle, where something else may lie above it: then this panics.
    pub fn click(&self) {
        self.tell("click", &json!({}));
    }

    /// Types behind what is written in it.
    pub fn type_text(&self, text: &str) {
        self.tell("value", &json!({"text": text}));
    }

    /// Types instead of what is written in it.
    pub fn fill(&self, text: &str) {
        self.tell("clear", &json!({}));
        self.type_text(text);
    }

    /// Chooses the option of a list that shows this.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    pub fn choose(&self, label: &str) {
        let options = self.find_all("option");
        let mut fitting = options.iter().filter(|option| option.text() == label);
        match (fitting.next(), fitting.next()) {
            (Some(option), None) => option.click(),
            _ => self.session.fail(&format!("there is not one option that shows `{label}`")),
        }
    }

    /// Submits the form that this is or lies in, as its first button does.
    ///
    /// Without such a button, and where no script of a page runs, too.
    pub fn submit(&self) {
        self.run("const form = arguments[0].closest('form'); form.requestSubmit()");
    }

    /// What a reader sees of its text.
    pub fn text(&self) -> String {
        text(&self.get("text"))
    }

    /// An attribute as the document has it; nothing where it has none.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.run_with("return arguments[0].getAttribute(arguments[1])", &[json!(name)])
            .as_str()
            .map(str::to_owned)
    }

    /// A property as it is now: the `value` of a field, or whether it is `checked`.
    pub fn property(&self, name: &str) -> Value {
        self.get(&format!("property/{name}"))
    }

    /// A property of its style, as the browser computed it.
    pub fn style(&self, name: &str) -> String {
        text(&self.get(&format!("css/{name}")))
    }

    /// The role that a screen reader is told.
    pub fn role(&self) -> String {
        text(&self.get("computedrole"))
    }

    /// The name that a screen reader reads out.
    pub fn label(&self) -> String {
        text(&self.get("computedlabel")).trim().to_owned()
    }

    /// Whether a reader sees it.
    pub fn is_shown(&self) -> bool {
        self.get("displayed") == true
    }

    /// Whether it can be used.
    pub fn is_enabled(&self) -> bool {
        self.get("enabled") == true
    }

    /// What a selector matches inside of it, in the order of the document.
    pub fn find_all(&self, css: &str) -> Vec<Self> {
        let found = self.tell("elements", &json!({"using": "css selector", "value": css}));
        found.as_array().into_iter().flatten().map(|found| Self::new(self.session, found)).collect()
    }

    /// The first of these.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn find(&self, css: &str) -> Self {
        let first = self.find_all(css).into_iter().next();
        first.unwrap_or_else(|| self.session.fail(&format!("there is no `{css}` in it")))
    }

    /// Runs the body of a function, in which this is `arguments[0]`.
    pub fn run(&self, script: &str) -> Value {
        self.run_with(script, &[])
    }

    fn run_with(&self, script: &str, further: &[Value]) -> Value {
        let mut arguments = vec![json!({ REFERENCE: self.id })];
        arguments.extend_from_slice(further);
        self.session.run_with(script, &arguments)
    }

    fn get(&self, what: &str) -> Value {
        self.session.answered(self.session.wire().get(&self.path(what)), what)
    }

    fn tell(&self, what: &str, body: &Value) -> Value {
        self.session.tell(&self.path(what), body)
    }

    fn path(&self, what: &str) -> String {
        format!("/element/{}/{what}", self.id)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
