//! What an envelope accepts and refuses: the published vectors, one test for each way to tamper, and arbitrary bytes.

use proptest::prelude::*;

use super::*;
use crate::keys::SignatureError;

fn trusting(role: Role, keys: &[&SigningKey], threshold: usize) -> TrustedKeys {
    TrustedKeys::new().with_role(role, keys.iter().map(|key| *key.public_key()), threshold).unwrap()
}

fn release(payload: &[u8], keys: &[&SigningKey]) -> Envelope {
    Envelope::sign(Role::Release.payload_type(), payload.to_vec(), keys)
}

fn is_short_of_signatures(envelope: &Envelope, keys: &TrustedKeys) -> bool {
    let verdict = envelope.verify(keys, Role::Release);
    matches!(verdict, Err(EnvelopeError::Signatures(SignatureError::NotEnough { .. })))
}

/// `protocol.md`, section Test Vectors.
#[test]
fn the_published_message_has_the_published_encoding() {
    let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

/// `protocol.md`, section Test Vectors; its one signature has no key id and isn't Ed25519.
#[test]
fn the_published_envelope_is_read() {
    let json = br#"{"payload": "aGVsbG8gd29ybGQ=",
     "payloadType": "http://example.com/HelloWorld",
     "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}"#;
    let envelope = Envelope::parse(json, &Limits::DEFAULT).unwrap();
    assert_eq!(envelope.payload, b"hello world");
    assert_eq!(envelope.payload_type, "http://example.com/HelloWorld");
    assert_eq!((envelope.signatures[0].key_id.as_str(), envelope.signatures[0].bytes.len()), ("", 64));
}

#[test]
fn lengths_count_bytes_not_characters() {
    assert_eq!(pre_authentication_encoding("tybé", b"x"), "DSSEv1 5 tybé 1 x".as_bytes());
}

#[test]
fn both_base64_alphabets_are_read() {
    let json = |payload: &str| format!(r#"{{"payload":"{payload}","payloadType":"t","signatures":[]}}"#);
    let standard = Envelope::parse(json("+/+/+w==").as_bytes(), &Limits::DEFAULT).unwrap();
    for same in ["-_-_-w==", "-_-_-w"] {
        assert_eq!(Envelope::parse(json(same).as_bytes(), &Limits::DEFAULT).unwrap(), standard);
    }
    let mixed = Envelope::parse(json("+/-_").as_bytes(), &Limits::DEFAULT);
    assert!(matches!(mixed, Err(EnvelopeError::Base64 { field: "payload", .. })));
}

#[test]
fn a_signed_payload_is_handed_out_with_its_signers() {
    let key = SigningKey::generate();
    let bytes = release(b"payload", &[&key]).to_bytes();
    let envelope = Envelope::parse(&bytes, &Limits::DEFAULT).unwrap();
    let verified = envelope.verify(&trusting(Role::Release, &[&key], 1), Role::Release).unwrap();
    assert_eq!(verified.payload, b"payload");
    assert_eq!(verified.signers, BTreeSet::from([key.id()]));
}

#[test]
fn a_changed_payload_is_refused() {
    let key = SigningKey::generate();
    let mut envelope = release(b"payload", &[&key]);
    envelope.payload[0] ^= 1;
    assert!(is_short_of_signatures(&envelope, &trusting(Role::Release, &[&key], 1)));
}

#[test]
fn a_changed_signature_is_refused() {
    let key = SigningKey::generate();
    let mut envelope = release(b"payload", &[&key]);
    envelope.signatures[0].bytes[10] ^= 1;
    assert!(is_short_of_signatures(&envelope, &trusting(Role::Release, &[&key], 1)));
}

#[test]
fn a_signature_made_for_another_type_is_refused() {
    let key = SigningKey::generate();
    let mut envelope = Envelope::sign(Role::Policy.payload_type(), b"payload".to_vec(), &[&key]);
    let keys = trusting(Role::Release, &[&key], 1);
    assert!(matches!(envelope.verify(&keys, Role::Release), Err(EnvelopeError::WrongType { .. })));
    envelope.payload_type = Role::Release.payload_type().to_owned();
    assert!(is_short_of_signatures(&envelope, &keys));
}

#[test]
fn signatures_of_two_documents_cannot_be_swapped() {
    let key = SigningKey::generate();
    let (mut one, mut two) = (release(b"one", &[&key]), release(b"two", &[&key]));
    std::mem::swap(&mut one.signatures, &mut two.signatures);
    let keys = trusting(Role::Release, &[&key], 1);
    assert!(is_short_of_signatures(&one, &keys) && is_short_of_signatures(&two, &keys));
}

#[test]
fn signatures_under_each_others_key_id_are_refused() {
    let (a, b) = (SigningKey::generate(), SigningKey::generate());
    let mut envelope = release(b"payload", &[&a, &b]);
    let id = envelope.signatures[0].key_id.clone();
    envelope.signatures[0].key_id = std::mem::replace(&mut envelope.signatures[1].key_id, id);
    assert!(is_short_of_signatures(&envelope, &trusting(Role::Release, &[&a, &b], 1)));
}

#[test]
fn a_key_of_another_role_is_not_enough() {
    let (publisher, server) = (SigningKey::generate(), SigningKey::generate());
    let keys = trusting(Role::Release, &[&publisher], 1).with_role(Role::Policy, [*server.public_key()], 1).unwrap();
    assert!(is_short_of_signatures(&release(b"payload", &[&server]), &keys));
}

#[test]
fn a_threshold_needs_that_many_keys() {
    let (a, b, c) = (SigningKey::generate(), SigningKey::generate(), SigningKey::generate());
    let keys = trusting(Role::Release, &[&a, &b, &c], 2);
    assert!(is_short_of_signatures(&release(b"payload", &[&a]), &keys));
    assert!(is_short_of_signatures(&release(b"payload", &[&a, &a]), &keys));
    assert!(release(b"payload", &[&c, &a]).verify(&keys, Role::Release).is_ok());
}

#[test]
fn an_envelope_without_signatures_is_refused() {
    let key = SigningKey::generate();
    assert!(is_short_of_signatures(&release(b"payload", &[]), &trusting(Role::Release, &[&key], 1)));
}

#[test]
fn limits_come_before_parsing() {
    let key = SigningKey::generate();
    let bytes = release(&[0; 100], &[&key, &key, &key]).to_bytes();
    let refused = |limits| Envelope::parse(&bytes, &limits).unwrap_err();
    let small = Limits { document_bytes_max: bytes.len() - 1, ..Limits::DEFAULT };
    assert!(matches!(refused(small), EnvelopeError::TooLarge { .. }));
    assert!(matches!(
        refused(Limits { signatures_max: 2, ..Limits::DEFAULT }),
        EnvelopeError::TooManySignatures { .. }
    ));
    assert!(matches!(refused(Limits { depth_max: 2, ..Limits::DEFAULT }), EnvelopeError::TooDeep { .. }));
}

#[test]
fn fields_given_twice_are_refused() {
    let json = br#"{"payload":"","payload":"","payloadType":"t","signatures":[]}"#;
    assert!(matches!(Envelope::parse(json, &Limits::DEFAULT), Err(EnvelopeError::Malformed(_))));
}

proptest! {
    #[test]
    fn envelopes_read_back(payload in proptest::collection::vec(any::<u8>(), 0..300), payload_type in "\\PC{0,40}") {
        let envelope = Envelope::sign(&payload_type, payload, &[&SigningKey::generate()]);
        prop_assert_eq!(Envelope::parse(&envelope.to_bytes(), &Limits::DEFAULT).unwrap(), envelope);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Envelope::parse(&bytes, &Limits::DEFAULT);
    }

    #[test]
    fn no_flipped_bit_gives_another_verified_payload(place in any::<proptest::sample::Index>(), bit in 0_u8..8) {
        let key = SigningKey::generate();
        let mut bytes = release(b"a payload of some length", &[&key]).to_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(envelope) = Envelope::parse(&bytes, &Limits::DEFAULT)
            && let Ok(verified) = envelope.verify(&trusting(Role::Release, &[&key], 1), Role::Release)
        {
            prop_assert_eq!(verified.payload, b"a payload of some length");
        }
    }

    #[test]
    fn different_messages_have_different_encodings(
        a in ("[ 0-9a]{0,6}", "[ 0-9a]{0,6}"),
        b in ("[ 0-9a]{0,6}", "[ 0-9a]{0,6}"),
    ) {
        let encoded = |(kind, body): &(String, String)| pre_authentication_encoding(kind, body.as_bytes());
        prop_assert_eq!(a == b, encoded(&a) == encoded(&b));
    }
}
