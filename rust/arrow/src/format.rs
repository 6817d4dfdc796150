//! A schema to how its texts are found.

use crate::error::{Error, Result};
use crate::ffi::{ArrowSchema, text};

/// How a column of texts lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strings {
    /// Offsets of 32 bits into one buffer.
    Utf8,
    /// Offsets of 64 bits into one buffer.
    LargeUtf8,
    /// Sixteen bytes a row: the text itself, or where it is.
    View,
    /// Nothing: every row is null.
    Null,
}

/// The integers that name entries of a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Index {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
}

/// What the rows of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Plain(Strings),
    Dictionary(Index, Strings),
}

/// Where the texts of an array are: in itself, or in one of its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Of a struct, how many children it has and which one it is.
    pub(crate) child: Option<(usize, usize)>,
    pub(crate) layout: Layout,
}

impl Plan {
    /// What the schema says; `column` names one of several columns.
    pub(crate) fn new(schema: &ArrowSchema, column: Option<&str>) -> Result<Self> {
        let format = format_of(schema)?;
        if format != "+s" || !schema.dictionary.is_null() {
            let layout = layout(schema, &format)?
                .ok_or_else(|| Error::Type(not_strings(&describe(schema, &format))))?;
            if let Some(name) = column {
                return Err(Error::value(format!(
                    "column={name:?} names a column of a table, and this is no table but one column"
                )));
            }
            return Ok(Self { child: None, layout });
        }
        let columns = columns(schema)?;
        let place = match column {
            Some(name) => named(&columns, name)?,
            None => only(&columns)?,
        };
        let Column { name, layout, kind } = &columns[place];
        let layout =
            layout.ok_or_else(|| Error::Type(format!("column {name:?}: {}", not_strings(kind))))?;
        Ok(Self { child: Some((columns.len(), place)), layout })
    }
}

struct Column {
    name: String,
    layout: Option<Layout>,
    kind: String,
}

fn columns(schema: &ArrowSchema) -> Result<Vec<Column>> {
    let count =
        usize::try_from(schema.n_children).ok().filter(|&count| count <= MOST_COLUMNS).ok_or_else(
            || Error::value(format!("the Arrow schema has {} children", schema.n_children)),
        )?;
    let mut columns = Vec::with_capacity(count);
    for place in 0..count {
        let child = child(schema, place)?;
        let format = format_of(child)?;
        // SAFETY: the interface: null or a C string.
        let name = unsafe { text(child.name) }.unwrap_or_default();
        let layout = layout(child, &format)?;
        columns.push(Column { name, layout, kind: describe(child, &format) });
    }
    Ok(columns)
}

/// More columns than this no table has.
const MOST_COLUMNS: usize = 1 << 20;

fn child(schema: &ArrowSchema, place: usize) -> Result<&ArrowSchema> {
    if schema.children.is_null() {
        return Err(Error::value("the Arrow schema says it has children, and has none"));
    }
    // SAFETY: the interface: as many pointers as `n_children` says, which the caller looked at.
    let pointer = unsafe { *schema.children.add(place) };
    // SAFETY: the interface: null or a child, which lives as long as its parent.
    let child = unsafe { pointer.as_ref() };
    child.filter(|child| child.release.is_some()).ok_or_else(|| {
        Error::value(format!("child {place} of the Arrow schema is missing or released"))
    })
}

fn named(columns: &[Column], name: &str) -> Result<usize> {
    let mut found = columns.iter().enumerate().filter(|(_, column)| column.name == name);
    let Some((place, _)) = found.next() else {
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        return Err(Error::value(format!(
            "there is no column {name:?}; the columns are {}",
            list(&names)
        )));
    };
    if found.next().is_some() {
        return Err(Error::value(format!("there are several columns {name:?}")));
    }
    Ok(place)
}

/// The one column of strings; one of nulls alone, if there is none of strings.
fn only(columns: &[Column]) -> Result<usize> {
    let of_kind = |wanted: fn(&Layout) -> bool| -> Vec<usize> {
        let places = columns.iter().enumerate();
        places
            .filter(|(_, column)| column.layout.as_ref().is_some_and(wanted))
            .map(|(place, _)| place)
            .collect()
    };
    let strings = of_kind(|layout| *layout != Layout::Plain(Strings::Null));
    match strings.as_slice() {
        [place] => Ok(*place),
        [] => match of_kind(|_| true).as_slice() {
            [place] => Ok(*place),
            _ => {
                let kinds: Vec<_> = columns
                    .iter()
                    .map(|column| format!("{} ({})", column.name, column.kind))
                    .collect();
                Err(Error::Type(format!(
                    "no column holds strings; the columns are {}",
                    list(&kinds.iter().map(String::as_str).collect::<Vec<_>>())
                )))
            }
        },
        several => {
            let names: Vec<_> = several.iter().map(|&place| columns[place].name.as_str()).collect();
            Err(Error::value(format!(
                "several columns hold strings, {}: name one, as in \
                 encode_arrow(table, column={:?})",
                list(&names),
                names[0]
            )))
        }
    }
}

/// The first few of some names.
fn list(names: &[&str]) -> String {
    const SHOWN: usize = 20;
    let more = if names.len() > SHOWN { ", …" } else { "" };
    let shown: Vec<_> = names.iter().take(SHOWN).copied().collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") + more }
}

/// How the texts lie, if these are texts.
fn layout(schema: &ArrowSchema, format: &str) -> Result<Option<Layout>> {
    if schema.dictionary.is_null() {
        return Ok(strings(format).map(Layout::Plain));
    }
    // SAFETY: the interface: a dictionary, which lives as long as the schema.
    let dictionary = unsafe { &*schema.dictionary };
    if dictionary.release.is_none() {
        return Err(Error::value("the dictionary of the Arrow schema is released"));
    }
    let values = format_of(dictionary)?;
    let Some(index) = index(format) else {
        return Err(Error::value(format!("dictionary indices of the Arrow format {format:?}")));
    };
    let values = strings(&values).filter(|_| dictionary.dictionary.is_null());
    Ok(values.map(|values| Layout::Dictionary(index, values)))
}

fn format_of(schema: &ArrowSchema) -> Result<String> {
    // SAFETY: the interface: a C string.
    unsafe { text(schema.format) }.ok_or_else(|| Error::value("an Arrow schema has no format"))
}

fn strings(format: &str) -> Option<Strings> {
    match format {
        "u" => Some(Strings::Utf8),
        "U" => Some(Strings::LargeUtf8),
        "vu" => Some(Strings::View),
        "n" => Some(Strings::Null),
        _ => None,
    }
}

fn index(format: &str) -> Option<Index> {
    match format {
        "c" => Some(Index::I8),
        "C" => Some(Index::U8),
        "s" => Some(Index::I16),
        "S" => Some(Index::U16),
        "i" => Some(Index::I32),
        "I" => Some(Index::U32),
        "l" => Some(Index::I64),
        "L" => Some(Index::U64),
        _ => None,
    }
}

fn not_strings(kind: &str) -> String {
    let hint = if kind.contains("binary") { ": cast it to strings first" } else { "" };
    format!("an Arrow column of strings is needed, not of {kind}{hint}")
}

/// A format in words.
fn describe(schema: &ArrowSchema, format: &str) -> String {
    if !schema.dictionary.is_null() {
        // SAFETY: the interface: a dictionary, which lives as long as the schema.
        let values = unsafe { text((*schema.dictionary).format) }.unwrap_or_default();
        return format!("dictionary-encoded {}", words(&values));
    }
    words(format).to_owned()
}

fn words(format: &str) -> &str {
    match format {
        "n" => "null",
        "b" => "bool",
        "c" => "int8",
        "C" => "uint8",
        "s" => "int16",
        "S" => "uint16",
        "i" => "int32",
        "I" => "uint32",
        "l" => "int64",
        "L" => "uint64",
        "e" => "float16",
        "f" => "float32",
        "g" => "float64",
        "z" => "binary",
        "Z" => "large_binary",
        "vz" => "binary_view",
        "u" => "string",
        "U" => "large_string",
        "vu" => "string_view",
        "+l" | "+L" | "+vl" | "+vL" => "list",
        "+s" => "struct",
        "+m" => "map",
        "+r" => "run_end_encoded",
        _ => match format.split(':').next().unwrap_or_default() {
            "d" => "decimal",
            "w" => "fixed_size_binary",
            "+w" => "fixed_size_list",
            "+ud" | "+us" => "union",
            _ if format.starts_with("td") => "date",
            _ if format.starts_with("tt") => "time",
            _ if format.starts_with("ts") => "timestamp",
            _ if format.starts_with("tD") => "duration",
            _ if format.starts_with("ti") => "interval",
            _ => format,
        },
    }
}
