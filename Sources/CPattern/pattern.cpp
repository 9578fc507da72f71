#include "CPattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <string>
#include <vector>

struct agent_pattern {
    RE2 expression;
};

namespace {

/* How many bytes a character of UTF-8 has; 0 where none begins. No character is longer than it needs to be, or half of a pair. */
size_t character(const uint8_t *at, size_t left) {
    const uint8_t first = at[0];
    if (first < 0x80) return 1;
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || left < length) return 0;
    const uint8_t lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const uint8_t highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < lowest || at[1] > highest) return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    return length;
}

/* Where the text stops being UTF-8; its length where it never does. */
size_t valid_prefix(const uint8_t *bytes, size_t length) {
    size_t at = 0;
    while (at < length) {
        const size_t step = character(bytes + at, length - at);
        if (step == 0) break;
        at += step;
    }
    return at;
}

/* Go reads each byte that is not UTF-8 as U+FFFD, RE2 lets it match nothing: they are replaced, and it is kept where each of them stood. */
std::string mended(const uint8_t *bytes, size_t length, size_t at, std::vector<size_t> &replaced) {
    std::string text(reinterpret_cast<const char *>(bytes), at);
    while (at < length) {
        const size_t step = character(bytes + at, length - at);
        if (step == 0) {
            replaced.push_back(text.size());
            text += "\xEF\xBF\xBD";
            at += 1;
        } else {
            text.append(reinterpret_cast<const char *>(bytes) + at, step);
            at += step;
        }
    }
    return text;
}

}  // namespace

agent_pattern *agent_pattern_make(const char *text, size_t length) {
    RE2::Options options;
    options.set_log_errors(false);
    return new agent_pattern{RE2(std::string(text, length), options)};
}

void agent_pattern_free(agent_pattern *pattern) { delete pattern; }

const char *agent_pattern_error(const agent_pattern *pattern) {
    const RE2 &expression = pattern->expression;
    if (!expression.ok()) return expression.error().c_str();
    /* RE2 takes the first of two groups of one name, Go neither. */
    const bool repeats = expression.CapturingGroupNames().size() != expression.NamedCapturingGroups().size();
    return repeats ? "duplicate capture group name" : nullptr;
}

int agent_pattern_groups(const agent_pattern *pattern) { return pattern->expression.NumberOfCapturingGroups() + 1; }

int agent_pattern_group(const agent_pattern *pattern, const char *name, size_t length) {
    const auto &groups = pattern->expression.NamedCapturingGroups();
    const auto found = groups.find(std::string(name, length));
    return found == groups.end() ? -1 : found->second;
}

bool agent_pattern_match(const agent_pattern *pattern, const uint8_t *bytes, size_t length, ptrdiff_t *ranges, int count) {
    const size_t valid = valid_prefix(bytes, length);
    std::vector<size_t> replaced;
    std::string copy;
    /* A group that took no part has no address, one that is empty has. */
    re2::StringPiece text(length == 0 ? "" : reinterpret_cast<const char *>(bytes), length);
    if (valid < length) {
        copy = mended(bytes, length, valid, replaced);
        text = copy;
    }
    std::vector<re2::StringPiece> groups(count);
    if (!pattern->expression.Match(text, 0, text.size(), RE2::UNANCHORED, groups.data(), count)) return false;
    /* Each byte that was replaced before a place has moved it by two. */
    const auto original = [&](ptrdiff_t place) {
        return place - 2 * (std::lower_bound(replaced.begin(), replaced.end(), static_cast<size_t>(place)) - replaced.begin());
    };
    for (int i = 0; i < count; i++) {
        const bool took_part = groups[i].data() != nullptr;
        ranges[2 * i] = took_part ? original(groups[i].data() - text.data()) : -1;
        ranges[2 * i + 1] = took_part ? original(groups[i].data() - text.data() + groups[i].size()) : -1;
    }
    return true;
}
