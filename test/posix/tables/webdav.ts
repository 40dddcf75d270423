import { crossing, sequences, type Table } from './table.ts'

export const webdav: Table = {
  title: 'methods, what they are made on, and what they leave',
  without: [],
  parts: [
    crossing(
      'methods on what is there, or not',
      `
      MKCOL folder
      MKCOL full
      MKCOL full/below
      PUT full/below/deep deep
      PUT file content
      PUT other other
    `,
      String.raw`
                           none  none/x  file/x  file         folder  full       file/        folder/  <n*255>  <n*256>  folder/<n*256>  \xff  a\x00b
      GET %                404   404     404     200 content  200     200        200 content  200      404      400      400             404   400
      HEAD %               404   404     404     200          200     200        200          200      404      400      400             404   400
      PROPFIND % 0         404   404     404     207          207     207        207          207      404      400      400             404   400
      PROPFIND % 1         404   404     404     207          207     207        207          207      404      400      400             404   400
      PROPFIND % infinity  404   404     404     207          207     207        207          207      404      400      400             404   400
      PROPFIND % 2         400   400     400     400          400     400        400          400      400      400      400             400   400
      PROPPATCH %          404   404     404     207          207     207        207          207      404      400      400             404   400
      LIST %               404   404     404     207          207     207 below  207          207      404      400      400             404   400
      DELETE %             404   404     404     204          204     204        204          204      404      400      400             404   400
      COPY % new           404   404     404     201          201     201        201          201      404      400      400             404   400
      COPY % other         404   404     404     204          204     204        204          204      404      400      400             404   400
      COPY % other F       404   404     404     412          412     412        412          412      404      400      400             404   400
      MOVE % new           404   404     404     201          201     201        201          201      404      400      400             404   400
      MOVE % other         404   404     404     204          204     204        204          204      404      400      400             404   400
      MOVE % other F       404   404     404     412          412     412        412          412      404      400      400             404   400
    `
    ),
    crossing(
      'methods that make something',
      `
      MKCOL folder
      MKCOL full
      MKCOL full/below
      PUT full/below/deep deep
      PUT file content
      PUT other other
    `,
      String.raw`
                     none  file  folder  full  none/x  none/x/y  file/x  file/  folder/  full/below  <n*255>  <n*256>  <n*256>/x  \xff  a\x00b
      PUT % new      201   204   405     405   409     409       409     204    405      405         201      400      400        201   400
      MKCOL %        201   405   405     405   409     409       409     405    405      405         201      400      400        201   400
      COPY file %    201   403   204     204   409     409       403     403    204      204         201      400      400        201   400
      COPY file % F  201   403   412     412   409     409       403     403    412      412         201      400      400        201   400
      COPY full %    201   204   204     403   409     409       409     204    204      403         201      400      400        201   400
      COPY full % F  201   412   412     403   409     409       409     412    412      403         201      400      400        201   400
      MOVE file %    201   403   204     204   409     409       403     403    204      204         201      400      400        201   400
      MOVE file % F  201   403   412     412   409     409       403     403    412      412         201      400      400        201   400
      MOVE full %    201   204   204     403   409     409       409     204    204      403         201      400      400        201   400
      MOVE full % F  201   412   412     403   409     409       409     412    412      403         201      400      400        201   400
    `
    ),
    crossing(
      'methods whose destination has nothing above it, or a file',
      `
      MKCOL folder
      PUT other other
    `,
      `
                         folder  other
      COPY % none/new    409     409
      COPY % none/x/new  409     409
      MOVE % none/new    409     409
      MOVE % none/x/new  409     409
    `
    ),
    ...sequences(String.raw`
      == what is put is what is got, and replaced
        PUT file one -> 201
        GET file -> 200 one
        PUT file two -> 204
        GET file -> 200 two
        PUT file '' -> 204
        GET file -> 200 ''
        DELETE file -> 204
        GET file -> 404
        DELETE file -> 404
      == folders
        MKCOL a -> 201
        MKCOL a/b -> 201
        MKCOL a/b -> 405
        MKCOL c/d -> 409
        PUT a/b/file x -> 201
        LIST a -> 207 b
        LIST a/b -> 207 file
        DELETE a -> 204
        GET a/b/file -> 404
        LIST '' -> 207
      == a copy is apart from what it was made of
        MKCOL from
        PUT from/file one
        MKCOL from/sub
        PUT from/sub/deep two
        COPY from to -> 201
        PUT to/file changed -> 204
        GET from/file -> 200 one
        GET to/file -> 200 changed
        GET to/sub/deep -> 200 two
        DELETE from/sub -> 204
        GET to/sub/deep -> 200 two
        COPY from to F -> 412
        GET to/file -> 200 changed
        COPY from to -> 204
        GET to/file -> 200 one
        LIST to -> 207 file
      == a move leaves nothing
        MKCOL from
        PUT from/file one
        MOVE from to -> 201
        LIST from -> 404
        GET to/file -> 200 one
        PUT other two
        MOVE other to/file F -> 412
        GET to/file -> 200 one
        MOVE other to/file -> 204
        GET to/file -> 200 two
        LIST '' -> 207 to
        MOVE to to -> 403
        MOVE to to/below -> 403
        COPY to to -> 403
        COPY to to/below -> 403
        LIST to -> 207 file
      == a file over a folder, and a folder over a file
        MKCOL folder
        PUT folder/in x
        PUT file y
        MOVE file folder F -> 412
        LIST folder -> 207 in
        MOVE file folder -> 204
        GET folder -> 200 y
        MKCOL second
        MOVE second folder -> 204
        LIST folder -> 207
      == names are UTF-8, and found in either form
        PUT \xc3\xa4 composed -> 201
        GET a\xcc\x88 -> 200 composed
        PUT a\xcc\x88 decomposed -> 204
        GET \xc3\xa4 -> 200 decomposed
        PUT a\x20b?#%&<>" odd -> 201
        GET a\x20b?#%&<>" -> 200 odd
        LIST '' -> 207 %C3%A4 a%20b%3F%23%25%26%3C%3E%22
      == dots lead nowhere but within
        PUT file x
        GET ./file -> 400
        PUT . x -> 400
        MKCOL . -> 400
    `)
  ]
}
