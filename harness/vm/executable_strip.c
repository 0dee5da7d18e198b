/* executable_strip.c - a program without what its build left in it */
#include "harness/vm/executable_strip.h"

#include <elf.h>

/* elf(5), "Notes": three words, then the name and what it says, each rounded up. */
static void clear_build_id(char *notes, size_t len, size_t align)
{
	Elf64_Nhdr note;

	for (size_t at = 0; len - at > sizeof(note); ) {
		size_t name_len, output_len, said;

		memcpy(&note, notes + at, sizeof(note));
		name_len = (note.n_namesz + align - 1) / align * align;
		output_len = (note.n_descsz + align - 1) / align * align;
		said = at + sizeof(note) + name_len;
		if (name_len > len - at - sizeof(note) || output_len > len - said)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(notes + at + sizeof(note), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)))
			memset(notes + said, 0, note.n_descsz);
		at = said + output_len;
	}
}

void executable_strip(struct file *file)
{
	Elf64_Ehdr *elf = file->data;
	char *data = file->data;
	size_t end;

	if (file->len < sizeof(*elf) || memcmp(elf->e_ident, ELFMAG, SELFMAG) ||
	    elf->e_ident[EI_CLASS] != ELFCLASS64 || !elf->e_phnum || elf->e_phoff > file->len ||
	    elf->e_phnum > (file->len - elf->e_phoff) / sizeof(Elf64_Phdr))
		return;
	end = elf->e_phoff + elf->e_phnum * sizeof(Elf64_Phdr);
	for (size_t i = 0; i < elf->e_phnum; i++) {
		Elf64_Phdr part;

		memcpy(&part, data + elf->e_phoff + i * sizeof(part), sizeof(part));
		if (part.p_offset > file->len || part.p_filesz > file->len - part.p_offset)
			return;
		if (part.p_type == PT_NOTE)
			clear_build_id(data + part.p_offset, part.p_filesz, part.p_align == 8 ? 8 : 4);
		if (part.p_offset + part.p_filesz > end)
			end = part.p_offset + part.p_filesz;
	}
	elf->e_shoff = elf->e_shnum = elf->e_shstrndx = 0;
	file->len = end;
}
