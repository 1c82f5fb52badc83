// What was dropped or chosen: [{name, file}], with the names of folders before those of files.

const captures = (() => {
  // Two files of one name, from two folders, are two captures: the second gets a number.
  const unique = found => {
    const taken = new Set();
    return found.map(({name, file}) => {
      let free = name;
      for (let count = 2; taken.has(free); count++) free = name.replace(/(\.[^./]*)?$/, ` (${count})$1`);
      taken.add(free);
      return {name: free, file};
    });
  };

  const inFolder = async entry => {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      return [{name: entry.fullPath.replace(/^\//, ""), file}];
    }
    const reader = entry.createReader(), found = [];
    for (;;) {  // it gives some hundred at a time
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return found;
      for (const each of some) found.push(...await inFolder(each));
    }
  };

  return {
    ofInput: input => unique([...input.files].map(file => ({name: file.webkitRelativePath || file.name, file}))),
    // The entries must be asked for before anything is waited for.
    ofDrop: async transfer => {
      const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
      const files = [...transfer.files];
      if (!entries.length) return unique(files.map(file => ({name: file.name, file})));
      const found = [];
      for (const entry of entries) found.push(...await inFolder(entry));
      return unique(found);
    },
  };
})();
