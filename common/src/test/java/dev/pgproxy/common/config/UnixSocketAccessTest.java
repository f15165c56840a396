package dev.pgproxy.common.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnixSocketAccessTest {

    @ParameterizedTest
    @CsvSource({"0777,rwxrwxrwx", "770,rwxrwx---", "0600,rw-------", "0421,r---w---x"})
    void aModeIsReadAsChmodDoes(String mode, String permissions) {
        assertEquals(Optional.of(PosixFilePermissions.fromString(permissions)), UnixSocketAccess.permissions(mode));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "77", "1777", "0778", "rwxrwxrwx", "00777", "-770"})
    void anythingElseIsNone(String mode) {
        assertEquals(Optional.empty(), UnixSocketAccess.permissions(mode));
    }
}
