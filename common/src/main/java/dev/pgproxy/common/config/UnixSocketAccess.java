package dev.pgproxy.common.config;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * Who may connect to the Unix sockets of {@code listen}.
 *
 * @param mode of the socket's file, nine bits as for chmod
 * @param group of the socket's file; empty for the group of pgproxy's user
 */
public record UnixSocketAccess(int mode, Optional<String> group) {

    private static final Pattern OCTAL = Pattern.compile("0?[0-7]{3}");

    /**
     * Reads a mode.
     *
     * @param text as for chmod, such as 0770
     * @return empty when it is not three octal digits, with or without a zero before them
     */
    static OptionalInt mode(String text) {
        return OCTAL.matcher(text).matches() ? OptionalInt.of(Integer.parseInt(text, 8)) : OptionalInt.empty();
    }
}
