//! Values on their way into a database, as parameters and as columns of new rows.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, Type, to_sql_checked};
use uuid::Uuid;

/// A value of one of the types that the tables use.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    Null,
    Small(i16),
    Integer(i32),
    Big(i64),
    Boolean(bool),
    Id(Uuid),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

/// Values from the types that rows are made of.
macro_rules! values_from {
    ($($lifetime:lifetime $kind:ty => $variant:ident;)+) => {$(
        impl<$lifetime> From<$kind> for Value<$lifetime> {
            fn from(value: $kind) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}

values_from! {
    'a i16 => Small;
    'a i32 => Integer;
    'a i64 => Big;
    'a bool => Boolean;
    'a Uuid => Id;
    'a &'a str => Text;
    'a String => Text;
    'a &'a [u8] => Bytes;
    'a Vec<u8> => Bytes;
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value<'_> {
    /// The size of its bytes or text; of anything else that of a number.
    pub fn bytes_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Id(id) => id.as_bytes().len(),
            Self::Null | Self::Small(_) | Self::Integer(_) | Self::Big(_) | Self::Boolean(_) => {
                size_of::<i64>()
            }
        }
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Small(value) => ValueRef::Integer((*value).into()),
            Self::Integer(value) => ValueRef::Integer((*value).into()),
            Self::Big(value) => ValueRef::Integer(*value),
            Self::Boolean(value) => ValueRef::Integer((*value).into()),
            Self::Id(id) => ValueRef::Blob(id.as_bytes()),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl tokio_postgres::types::ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Small(value) => value.to_sql(kind, out),
            Self::Integer(value) => value.to_sql(kind, out),
            Self::Big(value) => value.to_sql(kind, out),
            Self::Boolean(value) => value.to_sql(kind, out),
            Self::Id(id) => id.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.as_ref().to_sql(kind, out),
        }
    }

    /// The database refuses a value that its column does not take.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
