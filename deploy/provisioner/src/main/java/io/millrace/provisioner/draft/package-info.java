/** A first pipeline file for a database that is there: what its foreign keys say of one table. */
package io.millrace.provisioner.draft;
