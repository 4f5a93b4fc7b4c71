package io.millrace.provisioner;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Reference;
import io.millrace.pipeline.file.Region;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Gives the roles of a region as which services come to the sources new passwords, where the references lead to files: the new one is written beside the
 * old, then to the role by {@link Provisioner#apply}, whose login with it decides. A reference to a variable or to a Secret is
 * changed where it is kept, and then applied.
 */
public final class PasswordRotation {

    private static final int BYTES = 24;

    private PasswordRotation() {}

    /**
     * The files that hold the passwords of a region's roles.
     *
     * @throws ProvisioningException where a password is kept somewhere else
     */
    public static Set<Path> files(Region region, List<PipelineFile> pipelines) {
        var files = new LinkedHashSet<Path>();
        for (var file : pipelines) {
            var reference = file.pipeline().source().password();
            var meant = reference instanceof Reference.Environment(var name) && region.variables().containsKey(name) ? region.variables().get(name) : reference;
            if (!(meant instanceof Reference.FromFile(var path))) {
                throw new ProvisioningException("The password of the source '" + file.pipeline().source().name() + "' in the region " + region.name()
                        + " is not kept in a file: change it where it is kept, then run ./millrace apply, which sets it on the role; nothing was changed", null);
            }
            files.add(path);
        }
        region.roles().forEach((user, login) -> {
            if (!(login.password() instanceof Reference.FromFile(var path))) {
                throw new ProvisioningException("The password of source.roles." + user.service() + " in the region " + region.name()
                        + " is not kept in a file: change it where it is kept, then run ./millrace apply, which sets it on the role; nothing was changed", null);
            }
            files.add(path);
        });
        return files;
    }

    /** Puts a new password into a file in one step, readable by its owner only. A role keeps its old one until the next apply. */
    public static void renew(Path file) {
        var bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        try {
            var next = Files.createTempFile(file.toAbsolutePath().getParent(), file.getFileName().toString(), ".new", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(next, Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new ProvisioningException("Writing a new password to " + file + " failed: " + e + "; the role still has the old one", e);
        }
    }
}
