//! Size classes of small cells: multiples of 16 to 512 bytes, then four per octave to 8 KiB, then thirds, halves and
//! the whole of a block.

use super::chunk::BLOCK_BYTES;

/// Number of classes; class 0 is not used.
pub(crate) const CLASSES: usize = 52;
/// Largest cell that comes from a block of its class.
pub(crate) const CLASS_BYTES_MAX: usize = BLOCK_BYTES;

/// Bytes of a cell of each class.
pub(crate) const CLASS_BYTES: [u32; CLASSES] = class_bytes();
/// Class by size in units of 128 bytes, rounded up; for sizes above 512.
static CLASS_BY_128: [u8; CLASS_BYTES_MAX / 128 + 1] = class_by_128();

const fn class_bytes() -> [u32; CLASSES] {
    let mut bytes = [0; CLASSES];
    let mut class = 1;
    while class <= 32 {
        bytes[class] = class as u32 * 16;
        class += 1;
    }
    let mut octave = 512;
    while octave < 8192 {
        let mut quarter = 1;
        while quarter <= 4 {
            bytes[class] = octave + octave / 4 * quarter;
            class += 1;
            quarter += 1;
        }
        octave *= 2;
    }
    // A third of a block, rounded down to a multiple of 128.
    bytes[class] = 10_880;
    bytes[class + 1] = 16_384;
    bytes[class + 2] = 32_768;
    assert!(class + 3 == CLASSES, "every class has a size");
    bytes
}

const fn class_by_128() -> [u8; CLASS_BYTES_MAX / 128 + 1] {
    let mut table = [0; CLASS_BYTES_MAX / 128 + 1];
    let mut class = 1;
    let mut units = 0;
    while units < table.len() {
        while (CLASS_BYTES[class] as usize) < units * 128 {
            class += 1;
        }
        table[units] = class as u8;
        units += 1;
    }
    table
}

/// The class of the smallest cell that holds `bytes` (1 to [`CLASS_BYTES_MAX`]). Folds when `bytes` is constant.
#[inline(always)]
pub(crate) fn class_of(bytes: usize) -> usize {
    debug_assert!(bytes > 0 && bytes <= CLASS_BYTES_MAX);
    if bytes <= 512 { (bytes + 15) >> 4 } else { CLASS_BY_128[(bytes + 127) >> 7] as usize }
}

/// Bytes of the cell that holds `bytes`; the size that is charged. Folds when `bytes` is constant.
#[inline(always)]
pub(crate) fn cell_bytes_for(bytes: usize) -> usize {
    if bytes <= 512 {
        (bytes + 15) & !15
    } else if bytes <= CLASS_BYTES_MAX {
        CLASS_BYTES[class_of(bytes)] as usize
    } else {
        large_bytes_for(bytes)
    }
}

/// Bytes charged for a cell above [`CLASS_BYTES_MAX`]: whole blocks.
pub(crate) fn large_bytes_for(bytes: usize) -> usize {
    bytes.div_ceil(BLOCK_BYTES) * BLOCK_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_the_smallest_class_that_holds_it() {
        for bytes in (1..=CLASS_BYTES_MAX).step_by(if cfg!(miri) { 97 } else { 1 }) {
            let class = class_of(bytes);
            assert!(CLASS_BYTES[class] as usize >= bytes);
            assert!(class == 1 || (CLASS_BYTES[class - 1] as usize) < bytes, "{bytes}");
            assert_eq!(cell_bytes_for(bytes), CLASS_BYTES[class] as usize);
        }
    }
}
