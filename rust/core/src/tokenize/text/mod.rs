//! What becomes of a text before the model sees it.

pub(in crate::tokenize) mod added;
pub(in crate::tokenize) mod normalizers;
pub(in crate::tokenize) mod pretokenizers;
pub(in crate::tokenize) mod stand_ins;
pub(in crate::tokenize) mod unicode;
