package io.millrace.provisioner;

/**
 * The role that makes things in a source database: a superuser, or the owner of the tables.
 *
 * @param user its name
 * @param password its password; never printed
 */
public record Admin(String user, String password) {

    @Override
    public String toString() {
        return user;
    }
}
