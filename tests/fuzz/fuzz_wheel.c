/*  fuzz_wheel - the timer wheel and the token bucket under hostile clocks:
    standing, jumping far ahead, running backwards, near the end of numbers.

    No timer fires early, is lost, or fires twice; a bucket never gives more than
    its rate over any stretch of forward time.
    Covers: services/common/sv_wheel.c services/common/sv_rate.h */

#include "fuzz.h"
#include "sv_rate.h"
#include "sv_wheel.h"

enum { S_NODES = 32, S_STEPS = 300 };

typedef struct {
    sv_wheel_node_t node; /* first */
    bool is_set;
    uint64_t due_ms;
} s_timer_t;

static void s_pop_all (sv_wheel_t *wheel, s_timer_t *timers, uint64_t now_ms)
{
    sv_wheel_node_t *node;
    while ((node = sv_wheel_pop (wheel, now_ms))) {
        s_timer_t *timer = (s_timer_t *)node;
        fuzz_must (timer >= timers && timer < timers + S_NODES);
        fuzz_must (timer->is_set && timer->due_ms <= now_ms && node->link == NULL);
        timer->is_set = false;
    }
}

static void s_check_wheel (fuzz_input_t *in)
{
    static sv_wheel_t wheel;
    s_timer_t timers[S_NODES] = {0};
    uint64_t now_ms = fuzz_number (in), latest_ms = now_ms;
    sv_wheel_init (&wheel);
    for (unsigned i = 0; i < S_STEPS && in->left > 0; i++) {
        uint8_t what = fuzz_u8 (in);
        s_timer_t *timer = &timers[what % S_NODES];
        uint64_t by = fuzz_number (in);
        now_ms = what & 0x20 ? now_ms - by : now_ms + by;
        latest_ms = now_ms > latest_ms ? now_ms : latest_ms;
        if ((what & 0xc0) == 0) {
            sv_wheel_unset (&wheel, &timer->node);
            timer->is_set = false;
        } else if ((what & 0xc0) == 0x40)
            s_pop_all (&wheel, timers, now_ms);
        else {
            timer->due_ms = now_ms + fuzz_number (in);
            timer->is_set = true;
            sv_wheel_set (&wheel, &timer->node, timer->due_ms, now_ms);
        }
        size_t count = 0;
        for (unsigned k = 0; k < S_NODES; k++)
            count += timers[k].is_set;
        fuzz_must (count == wheel.count);
    }
    /*  What a backward clock has put late falls due one step after the latest
        time that was seen. */
    if (latest_ms > UINT64_MAX / 2)
        return;
    s_pop_all (&wheel, timers, latest_ms + SV_WHEEL_STEP_MS);
    for (unsigned k = 0; k < S_NODES; k++)
        fuzz_must (!timers[k].is_set || timers[k].due_ms > latest_ms);
}

static void s_check_rate (fuzz_input_t *in)
{
    uint32_t per_second = 1 + fuzz_u8 (in), burst = 1 + fuzz_u8 (in);
    sv_rate_t rate = {0};
    uint64_t now_ms = 1000 + fuzz_bits (in, 4), begin_ms = now_ms, taken = 0;
    while (in->left > 0) {
        uint8_t what = fuzz_u8 (in);
        now_ms += what & 0x7f;
        for (unsigned i = 0; i <= (what & 0x80 ? 255u : 0); i++)
            taken += sv_rate_take (&rate, per_second, burst, now_ms);
        fuzz_must (taken <= burst + (now_ms - begin_ms) * 1000 / (1000000 / per_second) + 1);
    }
    /*  A clock that was set back far refuses, and is right again later. */
    (void)sv_rate_take (&rate, per_second, burst, 0);
    fuzz_must (sv_rate_take (&rate, per_second, burst, now_ms + 1000 * (UINT64_C (1) + burst)));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    if (fuzz_u8 (&in) & 1)
        s_check_wheel (&in);
    else
        s_check_rate (&in);
    return 0;
}
