//! Shamir's secret sharing over GF(2^8) as sops does it: a share is the y bytes, then x.

use zeroize::Zeroizing;

use super::Fill;

/// Product in GF(2^8) with x^8 + x^4 + x^3 + x + 1.
fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 != 0 {
            product ^= a;
        }
        let carry = a & 0x80 != 0;
        a <<= 1;
        if carry {
            a ^= 0x1b;
        }
        b >>= 1;
    }
    product
}

/// a^254, which is 1/a for every a but 0.
fn inverse(a: u8) -> u8 {
    (0..253).fold(a, |power, _| multiply(power, a))
}

/// The secret of these shares; `Err` says why they do not fit together.
pub(super) fn combine(shares: &[Zeroizing<Vec<u8>>]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let length = shares.first().map_or(0, |share| share.len());
    if length < 2 || shares.iter().any(|share| share.len() != length) {
        return Err("the shares differ in length");
    }
    let mut xs = Vec::with_capacity(shares.len());
    for share in shares {
        let x = share[length - 1];
        if x == 0 || xs.contains(&x) {
            return Err("two shares are the same");
        }
        xs.push(x);
    }
    let mut secret = Zeroizing::new(vec![0; length - 1]);
    for (share, &own) in shares.iter().zip(&xs) {
        let weight = xs
            .iter()
            .filter(|&&x| x != own)
            .fold(1, |product, &x| multiply(product, multiply(x, inverse(x ^ own))));
        for (byte, &y) in secret.iter_mut().zip(share.iter()) {
            *byte ^= multiply(y, weight);
        }
    }
    Ok(secret)
}

/// `count` shares, any `threshold` of which give the secret back. Both within 2..=255.
pub(super) fn split(secret: &[u8], count: u8, threshold: u8, fill: &mut Fill<'_>) -> Vec<Zeroizing<Vec<u8>>> {
    let mut shares: Vec<_> =
        (0..count).map(|_| Zeroizing::new(Vec::with_capacity(secret.len() + 1))).collect();
    let mut polynomial = Zeroizing::new(vec![0; usize::from(threshold)]);
    for &byte in secret {
        fill(&mut polynomial[1..]);
        polynomial[0] = byte;
        for (share, x) in shares.iter_mut().zip(1..=u8::MAX) {
            share.push(polynomial.iter().rev().fold(0, |y, &c| multiply(y, x) ^ c));
        }
    }
    for (share, x) in shares.iter_mut().zip(1..=u8::MAX) {
        share.push(x);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_threshold_of_shares_gives_the_secret() {
        let mut state = 7_u8;
        let mut fill = |buffer: &mut [u8]| {
            for byte in buffer {
                state = state.wrapping_mul(73).wrapping_add(41);
                *byte = state;
            }
        };
        let secret: Vec<u8> = (0..32).map(|n: u8| n.wrapping_mul(37)).collect();
        for (count, threshold) in [(2, 2), (3, 2), (5, 3), (255, 4)] {
            let shares = split(&secret, count, threshold, &mut fill);
            assert!(shares.iter().all(|share| share.len() == 33));
            let needed = usize::from(threshold);
            assert_eq!(*combine(&shares[..needed]).unwrap(), secret);
            assert_eq!(*combine(&shares[shares.len() - needed..]).unwrap(), secret);
            assert_eq!(*combine(&shares).unwrap(), secret);
            assert_ne!(*combine(&shares[..needed - 1]).unwrap(), secret, "too few shares tell nothing");
        }
    }

    #[test]
    fn every_element_has_an_inverse() {
        assert!((1..=255).all(|a| multiply(a, inverse(a)) == 1));
    }

    #[test]
    fn shares_that_do_not_fit_are_errors() {
        let share = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        assert!(combine(&[]).is_err());
        assert!(combine(&[share(&[1])]).is_err());
        assert!(combine(&[share(&[1, 2]), share(&[1, 2, 3])]).is_err());
        assert!(combine(&[share(&[1, 2]), share(&[3, 2])]).is_err());
    }
}
