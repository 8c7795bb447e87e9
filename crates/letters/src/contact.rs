//! An office that a letter names, with its contact methods.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr, Serde, serializing_for_value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::plan::{ContactPoint, OfficeWords};

/// An office with at least one contact method.
///
/// It is stored field by field; a template holds it as one object (see the `Object` implementation below).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ContactMethods {
    /// The name of the office.
    name: String,
    /// The first method.
    first: ContactMethod,
    /// The other methods.
    further: Vec<ContactMethod>,
    /// The name and the hours in languages other than English, by primary tag.
    translations: BTreeMap<String, OfficeWords>,
}

/// One contact method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactMethod {
    /// By phone.
    Phone {
        /// The phone number.
        number: String,
        /// The TTY or relay number; empty: none.
        tty: String,
        /// The office hours; empty: not given.
        hours: String,
    },
    /// By mail or in person.
    Address {
        /// The address, one line each.
        lines: Vec<String>,
    },
    /// Online.
    Website {
        /// The URL.
        url: String,
    },
}

impl ContactMethods {
    /// The contact methods of a contact point; `None`: it has none.
    #[must_use]
    pub fn new(point: &ContactPoint) -> Option<Self> {
        let mut methods = Vec::new();
        if !point.phone.is_empty() {
            methods.push(ContactMethod::Phone {
                number: point.phone.clone(),
                tty: point.tty.clone(),
                hours: point.hours.clone(),
            });
        }
        if !point.address_lines.is_empty() {
            methods.push(ContactMethod::Address {
                lines: point.address_lines.clone(),
            });
        }
        if !point.website.is_empty() {
            methods.push(ContactMethod::Website {
                url: point.website.clone(),
            });
        }
        let mut methods = methods.into_iter();
        Some(Self {
            name: point.name.clone(),
            first: methods.next()?,
            further: methods.collect(),
            translations: point.translations.clone(),
        })
    }

    /// The English name of the office.
    #[must_use]
    pub fn english_name(&self) -> &str {
        &self.name
    }

    /// The name of the office in a language, or in English if the language has none.
    #[must_use]
    pub fn name(&self, language: &str) -> &str {
        self.translations
            .get(language)
            .map(|words| words.name.as_str())
            .filter(|name| !name.is_empty())
            .unwrap_or(&self.name)
    }

    /// The office hours in a language, or in English if the language has none; `None`: not given.
    #[must_use]
    pub fn hours(&self, language: &str) -> Option<&str> {
        let own = self.methods().find_map(|way| match way {
            ContactMethod::Phone { hours, .. } => Some(hours.as_str()),
            ContactMethod::Address { .. } | ContactMethod::Website { .. } => None,
        });
        self.translations
            .get(language)
            .map(|words| words.hours.as_str())
            .filter(|hours| !hours.is_empty())
            .or(own)
            .filter(|hours| !hours.is_empty())
    }

    /// Every contact method.
    pub fn methods(&self) -> impl Iterator<Item = &ContactMethod> {
        std::iter::once(&self.first).chain(&self.further)
    }
}

/// A template holds an office as one object and passes it to a filter. A letter names about six offices, most of them
/// more than once; converting each to fields and back for every filter costs more than the filter's own work.
impl Object for ContactMethods {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let fields = Value::from(Serde(AsStored(self)));
        let field = fields.get_item(key).ok();
        field.filter(|field| !field.is_undefined())
    }
}

struct AsStored<'a>(&'a ContactMethods);

impl Serialize for AsStored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ContactMethods::serialize(self.0, serializer)
    }
}

impl Serialize for ContactMethods {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializing_for_value() {
            Value::from_object(self.clone()).serialize(serializer)
        } else {
            Self::serialize(self, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for ContactMethods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn office_is_stored_as_fields_and_templates_can_read_them() {
        let office = ContactMethods::new(&ContactPoint {
            name: "Office".into(),
            phone: "(555) 555-0100".into(),
            ..ContactPoint::default()
        })
        .expect("a contact method");
        let stored = serde_json::to_value(&office).expect("JSON");
        assert_eq!(stored["first"]["phone"]["number"], "(555) 555-0100");
        assert_eq!(
            serde_json::from_value::<ContactMethods>(stored).ok(),
            Some(office.clone())
        );

        let seen = Value::from(Serde(&office));
        assert!(seen.is_true(), "`{{% if office %}}`");
        assert_eq!(
            seen.get_attr("name").expect("a field").as_str(),
            Some("Office")
        );
        assert!(seen.get_attr("nosuch").expect("undefined").is_undefined());
        let whole = seen.downcast_object_ref::<ContactMethods>();
        assert_eq!(whole, Some(&office), "filters receive the office itself");
    }
}
