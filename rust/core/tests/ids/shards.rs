//! The part of the long work that is this process's.

/// Number and count of the shards, from 0 on.
pub(crate) fn shard() -> (usize, usize) {
    let Ok(shard) = std::env::var("M2V_IDS_SHARD") else { return (0, 1) };
    let (number, count) = shard.split_once('/').expect("M2V_IDS_SHARD is number/count");
    let (number, count) = (number.parse::<usize>().unwrap(), count.parse().unwrap());
    assert!((1..=count).contains(&number), "M2V_IDS_SHARD is 1/count up to count/count");
    (number - 1, count)
}

/// Whether the piece of work of this number is.
pub(crate) fn is_mine(number: usize) -> bool {
    let (shard, shards) = shard();
    number % shards == shard
}
