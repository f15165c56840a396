package dev.pgproxy.common.config;

import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Who may connect to the Unix sockets of {@code listen}.
 *
 * @param mode of the socket's file
 * @param group of the socket's file; empty for the group of pgproxy's user
 */
public record UnixSocketAccess(Set<PosixFilePermission> mode, Optional<String> group) {

    private static final Pattern OCTAL = Pattern.compile("0?[0-7]{3}");
    private static final String RIGHTS = "rwxrwxrwx";

    /**
     * The permissions that a mode grants.
     *
     * @param mode as for chmod, such as 0770
     * @return empty when it is not three octal digits, with or without a zero before them
     */
    static Optional<Set<PosixFilePermission>> permissions(String mode) {
        if (!OCTAL.matcher(mode).matches()) {
            return Optional.empty();
        }
        int bits = Integer.parseInt(mode, 8);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < RIGHTS.length(); i++) {
            boolean isGranted = ((bits >> (RIGHTS.length() - 1 - i)) & 1) != 0;
            text.append(isGranted ? RIGHTS.charAt(i) : '-');
        }
        return Optional.of(PosixFilePermissions.fromString(text.toString()));
    }
}
