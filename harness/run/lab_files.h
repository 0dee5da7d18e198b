/* lab_files.h - where the files of a lab lie */
#ifndef TWLAB_RUN_LAB_FILES_H
#define TWLAB_RUN_LAB_FILES_H

/* The file @name of @lab, a program or what a step wants: beside the twlab that runs, or
 * where a lab that is none of twlab's has its own. "LAB/NAME" is a file of another lab, one of
 * twlab's. The caller frees it.
 */
char *lab_file(const char *lab, const char *name);

#endif
