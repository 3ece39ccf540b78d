/*  sv_limiter_test - buckets against a model, and the table when it is full. */

#include "sv_limiter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEEDS 50
#define STEPS 20000
#define KEYS 24

static const uint64_t s_seed[2] = {1, 2};

static void s_a_key_gets_its_burst_and_then_its_rate (void **state)
{
    (void)state;
    const sv_rate_rule_t rule = {3000000, 10};
    sv_limiter_t *self = sv_limiter_new (100, s_seed);
    assert_int_equal (sv_limiter_left (self, 7, &rule, 5000), 10);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal (sv_limiter_take (self, 7, &rule, 5000), 0);
    assert_int_equal (sv_limiter_left (self, 7, &rule, 5000), 0);
    assert_int_equal (sv_limiter_take (self, 7, &rule, 5000), 3000);
    assert_int_equal (sv_limiter_take (self, 7, &rule, 7999), 1);
    assert_int_equal (sv_limiter_wait_ms (self, 7, &rule, 8000), 0);
    assert_int_equal (sv_limiter_take (self, 7, &rule, 8000), 0);
    assert_int_equal (sv_limiter_take (self, 7, &rule, 8000), 3000);
    assert_int_equal (sv_limiter_take (self, 8, &rule, 8000), 0);
    assert_int_equal (sv_limiter_debt_ms (self, 7, 8000), 30000);
    assert_int_equal (sv_limiter_left (self, 7, &rule, 38000), 10);
    sv_limiter_destroy (&self);
}

static void s_a_charge_is_owed_up_to_a_bound (void **state)
{
    (void)state;
    const sv_rate_rule_t rule = {10000000, 5};
    sv_limiter_t *self = sv_limiter_new (100, s_seed);
    for (unsigned i = 0; i < 8; i++)
        sv_limiter_charge (self, 7, &rule, 600000, 1000);
    assert_int_equal (sv_limiter_wait_ms (self, 7, &rule, 1000), 40000);
    for (unsigned i = 0; i < 1000; i++)
        sv_limiter_charge (self, 7, &rule, 600000, 1000);
    assert_int_equal (sv_limiter_debt_ms (self, 7, 1000), 600000);
    assert_int_equal (sv_limiter_wait_ms (self, 7, &rule, 1000), 560000);
    assert_int_equal (sv_limiter_left (self, 7, &rule, 1000), 0);
    sv_limiter_destroy (&self);
}

/*  The model: tokens of a key as a number of microseconds' worth, exact. */
typedef struct {
    uint64_t stock_us, at_us;
} s_model_t;

static bool s_model_take (s_model_t *model, const sv_rate_rule_t *rule, uint64_t now_us)
{
    uint64_t most_us = rule->token_us * rule->burst;
    model->stock_us += now_us - model->at_us;
    model->stock_us = model->stock_us > most_us ? most_us : model->stock_us;
    model->at_us = now_us;
    if (model->stock_us < rule->token_us)
        return false;
    model->stock_us -= rule->token_us;
    return true;
}

static void s_walk (unsigned seed)
{
    srand (seed);
    const sv_rate_rule_t rule = {1000 * (1 + (uint64_t)rand () % 50), 1 + (uint32_t)rand () % 20};
    s_model_t models[KEYS];
    sv_limiter_t *self = sv_limiter_new (4096, s_seed);
    uint64_t now_ms = 1000000;
    for (unsigned i = 0; i < KEYS; i++)
        models[i] = (s_model_t){rule.token_us * rule.burst, now_ms * 1000};
    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t who = (uint64_t)rand () % KEYS;
        now_ms += (uint64_t)rand () % 3;
        bool expected = s_model_take (&models[who], &rule, now_ms * 1000);
        uint64_t wait_ms = sv_limiter_take (self, sv_limiter_key (self, &who, sizeof who), &rule, now_ms);
        if (expected != (wait_ms == 0))
            fail_msg ("seed %u step %u", seed, step);
        if (!expected)
            assert_int_equal (wait_ms, (rule.token_us - models[who].stock_us + 999) / 1000);
        else
            assert_int_equal (sv_limiter_left (self, sv_limiter_key (self, &who, sizeof who), &rule, now_ms),
                              models[who].stock_us / rule.token_us);
    }
    sv_limiter_destroy (&self);
}

static void s_walks_agree_with_a_model (void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++)
        s_walk (seed);
}

/*  Ever new keys that took one token each don't free the one that owes most. */
static void s_a_flood_of_keys_does_not_free_who_owes_most (void **state)
{
    (void)state;
    const sv_rate_rule_t rule = {1000000, 5};
    sv_limiter_t *self = sv_limiter_new (64, s_seed);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal (sv_limiter_take (self, 99, &rule, 1000), 0);
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t key = sv_limiter_key (self, &i, sizeof i);
        assert_int_equal (sv_limiter_take (self, key, &rule, 1000), 0);
    }
    assert_int_equal (sv_limiter_take (self, 99, &rule, 1000), 1000);
    sv_limiter_destroy (&self);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_a_key_gets_its_burst_and_then_its_rate),
        cmocka_unit_test (s_a_charge_is_owed_up_to_a_bound),
        cmocka_unit_test (s_walks_agree_with_a_model),
        cmocka_unit_test (s_a_flood_of_keys_does_not_free_who_owes_most),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
