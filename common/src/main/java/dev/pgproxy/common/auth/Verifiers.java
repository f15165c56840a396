package dev.pgproxy.common.auth;

import java.util.List;
import java.util.Optional;

/** What a role's password can be checked against: a stored hash of each kind, or none. */
public record Verifiers(Optional<String> md5, Optional<ScramVerifier> scram) {

    /** Parses stored passwords as in pg_authid, and ignores anything else. */
    public static Verifiers of(List<String> stored) {
        return new Verifiers(
                stored.stream().filter(Md5Exchange::isStored).findFirst(),
                stored.stream()
                        .map(text -> Optional.ofNullable(ScramVerifier.parse(text)))
                        .flatMap(Optional::stream)
                        .findFirst());
    }

    /** Whether a login by this method can be checked. */
    public boolean support(AuthenticationMethod method) {
        return switch (method) {
            case TRUST -> true;
            case PASSWORD ->
                md5.isPresent() || scram.filter(ScramVerifier::isComputable).isPresent();
            case MD5 -> md5.isPresent();
            case SCRAM_SHA_256 -> scram.isPresent();
            case OTHER -> false;
        };
    }

    /** Without the hash, which is as good as the password. */
    @Override
    public String toString() {
        return "Verifiers[md5=" + md5.isPresent() + ", scram=" + scram.isPresent() + "]";
    }
}
