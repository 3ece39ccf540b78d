/*  store_address_test - words and addresses of rooms. */

#include "pt_test.h"
#include "store_address.h"

static void a_name_becomes_a_word (void **state)
{
    (void)state;
    static const struct {
        const char *name, *word;
    } rows[] = {
        {"Team", "team"},
        {"My Room", "my-room"},
        {"  a - b \t c--d  ", "a-b-c-d"},
        {"_under_score_", "under_score"},
        {"-_x_-", "x"},
        {"a_-_b", "a_-_b"},
        {"C++ & Rust!", "c-rust"},
        {"Café Zürich", "cafe-zurich"},
        {"ÀÿŁódź", "ayodz"}, /* Ł has no accent to lose */
        {"Straße", "strae"},
        {"سلام", ""},
        {"😀 x", "x"},
        {"", ""},
        {"---", ""},
        {"12", "12"},
    };
    char word[STORE_ADDRESS_WORD + 1];
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        assert_int_equal (store_address_word (pt_str (rows[i].name), word), strlen (rows[i].word));
        assert_string_equal (word, rows[i].word);
    }
}

static void a_long_name_is_cut (void **state)
{
    (void)state;
    char name[LIM_ROOM_NAME], word[STORE_ADDRESS_WORD + 1], address[STORE_ADDRESS_BYTES];
    memset (name, 'x', sizeof name);
    name[STORE_ADDRESS_WORD - 1] = ' ';
    const pt_str_t text = {name, sizeof name};
    assert_int_equal (store_address_word (text, word), STORE_ADDRESS_WORD - 1);
    name[STORE_ADDRESS_WORD - 1] = 'y';
    assert_int_equal (store_address_word (text, word), STORE_ADDRESS_WORD);
    assert_int_equal (store_address_make (PT_room_dialect_MEMBER, text, PT_LIT ("k"), 0, address), 0);
    assert_int_equal (strlen (address), 100);
}

/*  A text that ends within a character is no UTF-8, and comes from nowhere; still nothing behind it is read. */
static void a_cut_character_ends_the_word (void **state)
{
    (void)state;
    char word[STORE_ADDRESS_WORD + 1];
    assert_int_equal (store_address_word ((pt_str_t){"a\xc3\xa9", 2}, word), 1);
    assert_string_equal (word, "a");
}

static bool s_is_hex (const char *text, size_t len)
{
    return strlen (text) == len && strspn (text, "0123456789abcdef") == len;
}

static void an_address_follows_from_key_and_attempt (void **state)
{
    (void)state;
    char first[STORE_ADDRESS_BYTES], other[STORE_ADDRESS_BYTES];
    const pt_str_t name = PT_LIT ("My Room"), key = PT_LIT ("key");
    assert_int_equal (store_address_make (PT_room_dialect_MEMBER, name, key, 0, first), 0);
    assert_memory_equal (first, "my-room_", 8);
    assert_true (s_is_hex (first + 8, 5));
    assert_int_equal (store_address_make (PT_room_dialect_MEMBER, name, key, 0, other), 0);
    assert_string_equal (first, other);
    for (unsigned attempt = 1; attempt < STORE_ADDRESS_TRIES; attempt++) {
        assert_int_equal (store_address_make (PT_room_dialect_MEMBER, name, key, attempt, other), 0);
        assert_string_not_equal (first, other);
    }
    assert_int_equal (store_address_make (PT_room_dialect_MEMBER, name, PT_LIT ("yek"), 0, other), 0);
    assert_string_not_equal (first, other);
    assert_int_equal (store_address_make (PT_room_dialect_CLOCK, name, key, 0, first), 0);
    assert_memory_equal (first, "chat_", 5);
    assert_true (s_is_hex (first + 5, 8));
    assert_int_equal (store_address_make (PT_room_dialect_MEMBER, PT_LIT ("سلام"), key, 0, first), 0);
    assert_true (first[0] == '_' && s_is_hex (first + 1, 5));
}

static void the_longest_key_makes_an_address (void **state)
{
    (void)state;
    char key[LIM_KEY], address[STORE_ADDRESS_BYTES];
    memset (key, 'k', sizeof key);
    assert_int_equal (store_address_make (PT_room_dialect_CLOCK, PT_LIT (""), (pt_str_t){key, sizeof key}, 7, address),
                      0);
}

static void other_dialects_have_no_address (void **state)
{
    (void)state;
    char address[STORE_ADDRESS_BYTES];
    static const pt_room_dialect_t none[] = {PT_room_dialect_none, PT_room_dialect_PUBLIC, PT_room_dialect_CHAT,
                                             PT_room_dialect_OPEN};
    for (size_t i = 0; i < COUNT_OF (none); i++) {
        assert_false (store_address_is_made (none[i]));
        assert_int_equal (store_address_make (none[i], PT_LIT ("x"), PT_LIT ("k"), 0, address), -PT_E_internal);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_name_becomes_a_word),
        cmocka_unit_test (a_long_name_is_cut),
        cmocka_unit_test (a_cut_character_ends_the_word),
        cmocka_unit_test (an_address_follows_from_key_and_attempt),
        cmocka_unit_test (the_longest_key_makes_an_address),
        cmocka_unit_test (other_dialects_have_no_address),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
