"""Tracking numbers: hard to guess, easy to read out, forgiving to type."""

import math
import secrets
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from services.intake import tracking
from services.intake.tracking import ALPHABET

PEPPER = b"p" * 32
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
numbers = st.integers(0, 29**14 - 1).map(lambda value: tracking.new_number(lambda _: value))
receipts = st.integers(0, 10**15 - 1).map(lambda value: tracking.new_receipt(lambda _: value))


def test_a_number_has_at_least_sixty_random_bits_and_a_receipt_sixteen_digits():
    asked = []

    def randbelow(limit):
        asked.append(limit)
        return limit - 1

    number, receipt = tracking.new_number(randbelow), tracking.new_receipt(randbelow)
    assert math.log2(asked[0]) >= 60
    assert asked[1] == 10**15
    assert len(number) == len("BK-7F3KM-9QXAT-M2D4C")
    assert len(receipt.replace("-", "")) == 16
    assert receipt.replace("-", "").isdigit()


def test_chance_decides_every_character():
    drawn = [tracking.new_number(secrets.randbelow).replace("-", "")[2:16] for _ in range(2000)]
    for place in range(14):
        assert {number[place] for number in drawn} == set(ALPHABET)


def test_the_alphabet_has_no_two_characters_that_look_or_sound_alike():
    assert not set("ILOSUZN") & set(ALPHABET)
    assert len(set(ALPHABET)) == 29


@given(st.one_of(numbers, receipts))
def test_what_is_given_out_is_understood(number):
    assert tracking.parse(number) == number


@given(numbers, st.sampled_from(["", "-", " ", " - ", "\u200f", "\u2013"]))
def test_a_number_is_understood_as_people_type_it(number, between):
    plain = number.replace("-", "")
    for digits in ({}, ARABIC, PERSIAN):
        typed = between.join(plain.translate(digits))
        if len(typed) <= 80:
            assert tracking.parse(typed) == number
            assert tracking.parse(f"  {typed.lower()}\n"[:80]) == number
    assert tracking.parse(plain[2:].lower()) == number
    look_alikes = str.maketrans("0152VM", "OlsZun")
    assert tracking.parse("bk-" + plain[2:].translate(look_alikes)) == number


@given(receipts)
def test_a_receipt_is_understood_in_arabic_digits(receipt):
    assert tracking.parse(receipt.translate(ARABIC).replace("-", " ")) == receipt
    assert tracking.parse(receipt.replace("-", "")) == receipt


@given(numbers, st.integers(0, 14), st.integers(1, 28))
def test_every_wrong_character_is_found(number, place, shift):
    plain = number.replace("-", "")[2:]
    wrong = ALPHABET[(ALPHABET.index(plain[place]) + shift) % 29]
    assert tracking.parse(plain[:place] + wrong + plain[place + 1 :]) is None


@given(numbers)
def test_every_exchange_of_two_characters_is_found(number):
    plain = number.replace("-", "")[2:]
    for first, second in combinations(range(15), 2):
        if plain[first] != plain[second]:
            characters = list(plain)
            characters[first], characters[second] = characters[second], characters[first]
            assert tracking.parse("".join(characters)) is None


@given(receipts)
def test_every_exchange_of_neighbouring_digits_of_a_receipt_is_found(receipt):
    plain = receipt.replace("-", "")
    for place in range(15):
        exchanged = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
        assert exchanged == plain or tracking.parse(exchanged) is None


@given(receipts, st.integers(0, 15), st.integers(1, 9))
def test_every_wrong_digit_of_a_receipt_is_found(receipt, place, shift):
    plain = receipt.replace("-", "")
    wrong = str((int(plain[place]) + shift) % 10)
    assert tracking.parse(plain[:place] + wrong + plain[place + 1 :]) is None


@given(st.text(max_size=200))
def test_nothing_typed_raises(typed):
    found = tracking.parse(typed)
    assert found is None or tracking.parse(found) == found


def test_what_is_too_long_is_not_looked_at():
    number = tracking.new_number(secrets.randbelow)
    assert tracking.parse(number + " " * 100) is None


def test_the_hash_depends_on_the_pepper_and_on_the_number():
    first, second = (tracking.new_number(secrets.randbelow) for _ in range(2))
    assert len(tracking.lookup_hash(PEPPER, first)) == 16
    assert tracking.lookup_hash(PEPPER, first) == tracking.lookup_hash(PEPPER, first)
    assert tracking.lookup_hash(PEPPER, first) != tracking.lookup_hash(PEPPER, second)
    assert tracking.lookup_hash(PEPPER, first) != tracking.lookup_hash(b"q" * 32, first)
