"""Whom a provider may sign in: laws that hold for every row, every account and everything that it can say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.staff import accounts, federation
from services.routing.staff.federation import Account, Rules, Said

BODIES = ("MWI", "MOH", "MOF")
VALUES = ("otp", "hwk", "pwd")

some = st.frozensets
rules = st.builds(
    Rules,
    institutions=some(st.sampled_from(BODIES)),
    national_roles=some(st.sampled_from(sorted(federation.NATIONAL))),
    second_factor=st.sampled_from((federation.PROVIDER, federation.OURS)),
    acr_values=some(st.sampled_from(VALUES)),
    amr_values=some(st.sampled_from(VALUES)),
)
account = st.builds(
    Account,
    roles=some(st.sampled_from(accounts.ROLES), min_size=1),
    institution=st.sampled_from((None, *BODIES)),
    bound=st.sampled_from((None, "a", "b")),
)
said = st.builds(
    Said,
    subject=st.sampled_from(("a", "b")),
    acr=st.sampled_from((None, *VALUES)),
    amr=some(st.sampled_from(VALUES)),
)


@given(rules, account, said)
def test_a_provider_signs_in_nobody_of_another_body(rules, account, said):
    if account.institution is not None and account.institution not in rules.institutions:
        assert federation.refusal(rules, account, said) == federation.OTHER_BODY


@given(rules, account, said)
def test_roles_for_the_whole_country_come_in_only_where_the_row_names_them(rules, account, said):
    for role in federation.NATIONAL & set(account.roles) - rules.national_roles:
        assert federation.refusal(rules, account, said) is not None, role


@given(rules, account, said)
def test_who_has_no_body_comes_in_only_by_a_role_for_the_whole_country(rules, account, said):
    if account.institution is None and not federation.NATIONAL & set(account.roles):
        assert federation.refusal(rules, account, said) is not None


@given(rules, account, said)
def test_a_subject_is_one_person(rules, account, said):
    if account.bound not in (None, said.subject):
        assert federation.refusal(rules, account, said) is not None


@given(rules, account, said)
def test_nobody_comes_in_with_one_factor(rules, account, said):
    if federation.refusal(rules, account, said) is None and rules.second_factor == federation.PROVIDER:
        assert said.acr in rules.acr_values or (rules.amr_values and rules.amr_values <= said.amr)


@given(rules, account)
def test_to_say_more_methods_never_keeps_out(rules, account):
    fewer, more = Said("a", None, frozenset({"otp"})), Said("a", None, frozenset(VALUES))
    if federation.refusal(rules, account, fewer) is None:
        assert federation.refusal(rules, account, more) is None


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS384", "HS512"])
def test_no_row_can_believe_a_shared_secret(algorithm):
    assert algorithm not in federation.ALGORITHMS
